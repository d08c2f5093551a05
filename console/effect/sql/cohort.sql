-- What became of the ripe customers: one row for each arm, set of shares, product, release, and day of first exposure;
-- divided by locale, one for each locale of the first exposure and not for each day.
-- A notification changes what is counted for its customer; a customer without one is kept, and nothing else.

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
  -- The notifications about ripe customers, until their N days are over.
  SELECT r.customer, r.seen, CASE '@by' WHEN 'day' THEN substr(r.seen, 1, 10) ELSE '' END || chr(9) || r.cell AS cell,
         split_part(r.cell, chr(9), 4) AS product_then,
         CASE WHEN o.signedat > r.seen THEN 1 ELSE 0 END AS later,
         CASE WHEN o.purchasedat > r.seen
                   AND TRY_CAST(o.purchasedat AS timestamp) <= TRY_CAST(r.seen AS timestamp) + INTERVAL '@horizon' DAY
              THEN 1 ELSE 0 END AS bought,
         o.signedat || rpad(o.notificationuuid, 8, '-') AS ordinal,
         o.purchasedat, o.type, o.status, o.autorenew, o.productid, o.transaction, o.reason, o.amount,
         o.revoked, o.ownership, o.offertype, o.offeridentifier, o.nextoffertype, o.nextoffer
  FROM outcomes o JOIN ripe r ON r.customer = substr(o.customerhash, 1, 24)
  WHERE o.day >= '@outcomes_from' AND o.appappleid = CAST('@app' AS bigint) AND o.notificationuuid IS NOT NULL
    AND (o.trustanchor = 'apple' OR '@rehearsals' = 'counted')
    AND TRY_CAST(o.signedat AS timestamp) <= TRY_CAST(r.seen AS timestamp) + INTERVAL '@horizon' DAY
), state AS (
  -- The last known state. The engines differ in what max_by makes of NULL, so there is none in it.
  SELECT cell, customer,
         max_by(coalesce(status, ''), CASE WHEN status IS NOT NULL THEN ordinal ELSE '' END) AS status,
         max_by(coalesce(autorenew, 1), CASE WHEN autorenew IS NOT NULL THEN ordinal ELSE '' END) AS autorenew,
         max(CASE WHEN productid <> product_then THEN 1 ELSE 0 END) AS switched
  FROM reported
  WHERE later = 1
  GROUP BY cell, customer
), payment AS (
  -- A transaction once, by the last notification that carries it; what was given back before the exposure is no refund.
  SELECT cell, customer, transaction,
         max_by(CASE WHEN bought = 1 AND reason = 'RENEWAL' AND (amount IS NULL OR amount > 0) THEN 1 ELSE 0 END, ordinal)
           AS renewed,
         max_by(CASE WHEN revoked = 1 AND (ownership IS NULL OR ownership = 'PURCHASED') THEN 1 ELSE 0 END, ordinal)
           AS undone,
         max_by(CASE WHEN later = 0 AND revoked = 1 AND (ownership IS NULL OR ownership = 'PURCHASED') THEN 1 ELSE 0 END,
                CASE WHEN later = 0 THEN ordinal ELSE '' END) AS undone_before
  FROM reported
  WHERE transaction IS NOT NULL
  GROUP BY cell, customer, transaction
), offer AS (
  -- Promotional (2), win-back (4) and retention (5) offers, in the transaction or in the next renewal.
  SELECT cell, customer, offertype AS kind, offeridentifier AS offer, bought AS taken,
         CASE WHEN purchasedat <= seen THEN 1 ELSE 0 END AS earlier,
         CASE WHEN bought = 1 AND reason = 'PURCHASE' THEN 1 ELSE 0 END AS certain
  FROM reported
  WHERE offertype IN (2, 4, 5)
  UNION ALL
  SELECT cell, customer, nextoffertype, nextoffer, later, 1 - later,
         CASE WHEN later = 1 AND type = 'OFFER_REDEEMED' THEN 1 ELSE 0 END
  FROM reported
  WHERE nextoffertype IN (2, 4, 5)
), redemption AS (
  -- An offer of several periods goes on with each renewal: what was there before counts only if it was redeemed again.
  SELECT cell, customer, kind, offer,
         CASE WHEN max(certain) = 1 OR (max(taken) = 1 AND max(earlier) = 0) THEN 1 ELSE 0 END AS redeemed
  FROM offer
  GROUP BY cell, customer, kind, offer
), change AS (
  SELECT CASE '@by' WHEN 'day' THEN substr(seen, 1, 10) ELSE '' END || chr(9) || cell AS cell,
         1 AS customers, 1 AS kept, 0 AS cancelled, 0 AS switched, 0 AS redeemed, 0 AS renewed, 0 AS refunded, crossed,
         0 AS heard_of
  FROM ripe
  UNION ALL
  SELECT cell, 0, CASE WHEN status IN ('expired', 'revoked') OR autorenew = 0 THEN -1 ELSE 0 END,
         CASE WHEN autorenew = 0 THEN 1 ELSE 0 END, switched, 0, 0, 0, 0, 1
  FROM state
  UNION ALL
  SELECT cell, 0, 0, 0, 0, 0, max(renewed), max(CASE WHEN undone = 1 AND undone_before = 0 THEN 1 ELSE 0 END), 0, 0
  FROM payment
  GROUP BY cell, customer
  UNION ALL
  SELECT cell, 0, 0, 0, 0, max(redeemed), 0, 0, 0, 0
  FROM redemption
  GROUP BY cell, customer
)
SELECT split_part(cell, chr(9), 1) AS seen_day, split_part(cell, chr(9), 2) AS arm, split_part(cell, chr(9), 3) AS release,
       split_part(cell, chr(9), 4) AS slots, split_part(cell, chr(9), 5) AS product_id,
       split_part(cell, chr(9), 6) AS locale,
       sum(customers) AS customers, sum(kept) AS kept, sum(cancelled) AS cancelled, sum(switched) AS switched,
       sum(redeemed) AS redeemed, sum(renewed) AS renewed, sum(refunded) AS refunded, sum(crossed) AS crossed,
       sum(heard_of) AS heard_of
FROM change
GROUP BY cell
ORDER BY seen_day, arm, release, slots, product_id, locale
