-- Under which keys customers were hashed: hashes under two keys cannot be joined.

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
)
SELECT source, key_id, count(DISTINCT customer) AS customers, min(known_day) AS first_day, max(known_day) AS last_day
FROM (
  SELECT 'exposures' AS source, keyid AS key_id, customer, substr(seen, 1, 10) AS known_day
  FROM exposed
  WHERE arm IS NOT NULL AND seen >= '@starts' AND seen < '@until'
  UNION ALL
  SELECT 'outcomes', keyid, substr(customerhash, 1, 24), substr(signedat, 1, 10)
  FROM outcomes
  WHERE day >= '@exposures_from' AND appappleid = CAST('@app' AS bigint) AND customerhash IS NOT NULL
    AND notificationuuid IS NOT NULL AND (trustanchor = 'apple' OR '@rehearsals' = 'counted')
    AND signedat >= '@starts'
) AS hashed
GROUP BY source, key_id
ORDER BY source, key_id
