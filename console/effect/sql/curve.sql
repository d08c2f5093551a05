-- By how many the kept of an arm change with each day after the first exposure: one row for each day with a change.

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
), ripe AS (
  SELECT customer, crossed, substr(first, 1, 23) AS seen, substr(first, 32) AS cell
  FROM first_seen
  WHERE first >= '@starts' AND first < '@until' AND substr(first, 1, 23) <= '@ripe_until'
), digit AS (
  SELECT n FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS digits (n)
), passed AS (
  SELECT ones.n + 10 * tens.n + 100 * hundreds.n AS n
  FROM digit ones CROSS JOIN digit tens CROSS JOIN digit hundreds
  WHERE ones.n + 10 * tens.n + 100 * hundreds.n BETWEEN 1 AND CAST('@horizon' AS bigint)
), reported AS (
  SELECT r.customer, split_part(r.cell, chr(9), 1) AS arm, TRY_CAST(r.seen AS timestamp) AS seen_at,
         TRY_CAST(o.signedat AS timestamp) AS signed_at,
         o.signedat || rpad(o.notificationuuid, 8, '-') AS ordinal,
         CASE WHEN o.status IN ('expired', 'revoked') THEN '0' WHEN o.status IS NOT NULL THEN '1' END AS goes_on,
         CASE WHEN o.autorenew = 0 THEN '0' WHEN o.autorenew IS NOT NULL THEN '1' END AS renews
  FROM outcomes o JOIN ripe r ON r.customer = substr(o.customerhash, 1, 24)
  WHERE o.day >= '@outcomes_from' AND o.appappleid = CAST('@app' AS bigint) AND o.notificationuuid IS NOT NULL
    AND (o.trustanchor = 'apple' OR '@rehearsals' = 'counted')
    AND TRY_CAST(o.signedat AS timestamp) <= TRY_CAST(r.seen AS timestamp) + INTERVAL '@horizon' DAY
    AND o.signedat > r.seen
), dated AS (
  -- The last state of each day; its mark is behind 31 characters that put states in order.
  SELECT e.arm, e.customer, p.n, max(e.ordinal || e.goes_on) AS goes_on, max(e.ordinal || e.renews) AS renews
  FROM reported e JOIN passed p
    ON e.signed_at > e.seen_at + (p.n - 1) * INTERVAL '1' DAY AND e.signed_at <= e.seen_at + p.n * INTERVAL '1' DAY
  GROUP BY e.arm, e.customer, p.n
), known AS (
  SELECT arm, customer, n,
         max(goes_on) OVER (PARTITION BY arm, customer ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS goes_on,
         max(renews) OVER (PARTITION BY arm, customer ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS renews
  FROM dated
), kept AS (
  SELECT arm, customer, n, CASE WHEN substr(goes_on, 32) = '0' OR substr(renews, 32) = '0' THEN 0 ELSE 1 END AS kept
  FROM known
), change AS (
  SELECT arm, n, kept - coalesce(lag(kept) OVER (PARTITION BY arm, customer ORDER BY n), 1) AS change
  FROM kept
)
SELECT arm, n AS day, sum(change) AS change
FROM change
WHERE change <> 0
GROUP BY arm, n
ORDER BY arm, n
