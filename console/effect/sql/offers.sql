-- Customers of each arm who redeemed an offer after they were first exposed, by the offer's period.

WITH exposed AS (
  SELECT substr(customerhash, 1, 24) AS customer,
         CASE '@subject' WHEN 'holdout' THEN holdoutarm WHEN 'experiment' THEN arm ELSE 'all' END AS arm,
         requestidentifier, replace(substr("timestamp", 1, 23), ',', '.') AS seen
  FROM exposures
  WHERE day >= '@exposures_from' AND appappleid = CAST('@app' AS bigint) AND customerhash IS NOT NULL
    AND requestidentifier IS NOT NULL AND productid IS NOT NULL
    AND (trustanchor = 'apple' OR '@rehearsals' = 'counted')
    AND CASE '@subject' WHEN 'holdout' THEN holdout WHEN 'experiment' THEN experiment ELSE '@key' END = '@key'
), first_seen AS (
  SELECT customer, min(seen || rpad(requestidentifier, 8, '-') || arm) AS first
  FROM exposed
  WHERE arm IS NOT NULL AND seen IS NOT NULL
  GROUP BY customer
), offered AS (
  SELECT f.customer, substr(f.first, 32) AS arm, o.offerperiod AS period
  FROM outcomes o JOIN first_seen f ON f.customer = substr(o.customerhash, 1, 24)
  WHERE o.day >= '@exposures_from' AND o.appappleid = CAST('@app' AS bigint) AND o.offerperiod IS NOT NULL
    AND o.offertype IN (2, 5) AND o.purchasedat > substr(f.first, 1, 23)
    AND (o.trustanchor = 'apple' OR '@rehearsals' = 'counted')
    AND f.first >= '@starts' AND f.first < '@until'
)
SELECT arm, period, count(DISTINCT customer) AS customers
FROM offered
GROUP BY arm, period
ORDER BY arm, period
