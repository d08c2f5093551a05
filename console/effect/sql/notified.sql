-- Notifications by day, of all customers of the app: a day without any means that their way was interrupted.

WITH notification AS (
  SELECT notificationuuid, min(signedat) AS signed
  FROM outcomes
  WHERE day >= '@exposures_from' AND appappleid = CAST('@app' AS bigint) AND customerhash IS NOT NULL
    AND notificationuuid IS NOT NULL AND (trustanchor = 'apple' OR '@rehearsals' = 'counted')
    AND signedat >= '@starts'
  GROUP BY notificationuuid
)
SELECT signed_day, count(*) AS notifications
FROM (SELECT substr(signed, 1, 10) AS signed_day FROM notification) AS counted
GROUP BY signed_day
ORDER BY signed_day
