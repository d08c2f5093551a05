-- How many customers were seen, and when the last one of those was whom the plan appoints for its reading.

WITH exposed AS (
  SELECT substr(customerhash, 1, 24) AS customer,
         CASE '@subject' WHEN 'holdout' THEN holdoutarm WHEN 'experiment' THEN arm ELSE 'all' END AS arm,
         CASE '@subject' WHEN 'experiment' THEN slots END AS slots,
         release, productid, localeasked, requestidentifier, keyid,
         CASE WHEN message IN ('answered', 'fallback', 'no_rule', 'paused') AND coalesce(delivered, true) THEN 1 ELSE 0 END
           AS delivered,
         CASE WHEN message = 'fallback' THEN 1 ELSE 0 END AS fallback,
         replace(substr("timestamp", 1, 23), ',', '.') AS seen
  FROM exposures
  WHERE day >= '@exposures_from' AND appappleid = CAST('@app' AS bigint) AND customerhash IS NOT NULL
    AND requestidentifier IS NOT NULL AND productid IS NOT NULL
    AND (trustanchor = 'apple' OR '@rehearsals' = 'counted')
    AND CASE '@subject' WHEN 'holdout' THEN holdout WHEN 'experiment' THEN experiment ELSE '@key' END = '@key'
), first_seen AS (
  -- The first exposure as one text: 23 characters of its instant, 8 of the request, and its cell, which is the arm, the
  -- release, the slots and the product between tabulators; where customers are divided by locale, that too.
  SELECT customer,
         min(seen || rpad(requestidentifier, 8, '-') || arm
             || chr(9) || coalesce(CAST(release AS varchar), '') || chr(9) || coalesce(CAST(slots AS varchar), '')
             || chr(9) || productid
             || CASE '@by' WHEN 'locale' THEN chr(9) || coalesce(localeasked, '') ELSE '' END) AS first,
         CASE WHEN min(arm) <> max(arm) THEN 1 ELSE 0 END AS crossed
  FROM exposed
  WHERE arm IS NOT NULL AND seen IS NOT NULL
  GROUP BY customer
)
SELECT count(*) AS seen, max(CASE WHEN place = CAST('@planned' AS bigint) THEN substr(first, 1, 23) END) AS last
FROM (
  SELECT first, row_number() OVER (ORDER BY first) AS place
  FROM first_seen
  WHERE first >= '@starts' AND first < '@until'
) AS placed
