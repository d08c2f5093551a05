-- What became of the requests of each arm: a request once, however often its line arrived.

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
), request AS (
  SELECT e.arm, e.customer, e.requestidentifier, max(e.delivered) AS delivered, max(e.fallback) AS fallback
  FROM exposed e
  WHERE e.arm IS NOT NULL AND e.seen >= '@starts' AND e.seen < '@until'
  GROUP BY e.arm, e.customer, e.requestidentifier
), person AS (
  SELECT arm, customer, count(*) AS requests, sum(delivered) AS delivered, sum(fallback) AS fallbacks
  FROM request
  GROUP BY arm, customer
)
SELECT arm, sum(requests) AS requests, sum(delivered) AS delivered, sum(fallbacks) AS fallbacks,
       sum(requests - 1) AS repeats
FROM person
GROUP BY arm
ORDER BY arm
