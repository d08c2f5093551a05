-- What ripe customers paid within their N days, less refunds, in hundred-thousandths of a milliunit: how many paid it.

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
), reported AS (
  SELECT r.customer, r.cell,
         CASE WHEN o.purchasedat > r.seen
                   AND TRY_CAST(o.purchasedat AS timestamp) <= TRY_CAST(r.seen AS timestamp) + INTERVAL '@horizon' DAY
                   AND o.amount IS NOT NULL AND o.currency IS NOT NULL
              THEN 1 ELSE 0 END AS paid,
         o.signedat || rpad(o.notificationuuid, 8, '-') AS ordinal, o.transaction,
         coalesce(o.currency, '') AS currency,
         coalesce(o.amount, 0) * (100000 - CASE
           WHEN o.revoked = 1 AND o.revocationpercentage > 0 AND o.revocationpercentage < 100000 THEN o.revocationpercentage
           WHEN o.revoked = 1 THEN 100000
           ELSE 0 END) AS amount
  FROM outcomes o JOIN ripe r ON r.customer = substr(o.customerhash, 1, 24)
  WHERE o.day >= '@outcomes_from' AND o.appappleid = CAST('@app' AS bigint) AND o.notificationuuid IS NOT NULL
    AND (o.trustanchor = 'apple' OR '@rehearsals' = 'counted')
    AND TRY_CAST(o.signedat AS timestamp) <= TRY_CAST(r.seen AS timestamp) + INTERVAL '@horizon' DAY
    AND o.transaction IS NOT NULL
), payment AS (
  -- A transaction once, by the last notification that carries it: a refund has undone it.
  SELECT cell, customer, transaction, max_by(paid, ordinal) AS paid, max_by(currency, ordinal) AS currency,
         max_by(amount, ordinal) AS amount
  FROM reported
  GROUP BY cell, customer, transaction
), total AS (
  SELECT cell, customer, currency, sum(amount) AS amount
  FROM payment
  WHERE paid = 1
  GROUP BY cell, customer, currency
), cell_total AS (
  SELECT split_part(cell, chr(9), 1) AS arm, split_part(cell, chr(9), 2) AS release, split_part(cell, chr(9), 3) AS slots,
         currency, amount
  FROM total
)
SELECT arm, release, slots, currency, amount, count(*) AS customers
FROM cell_total
GROUP BY arm, release, slots, currency, amount
ORDER BY arm, release, slots, currency, amount
