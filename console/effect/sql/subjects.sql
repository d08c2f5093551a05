-- What the log can be asked about: apps, and the experiments and holdouts of their requests.

WITH subject AS (
  SELECT appappleid AS app, 'experiment' AS kind, experiment AS name FROM exposures
  WHERE (trustanchor = 'apple' OR '@rehearsals' = 'counted') AND customerhash IS NOT NULL
  UNION ALL
  SELECT appappleid, 'holdout', holdout FROM exposures
  WHERE (trustanchor = 'apple' OR '@rehearsals' = 'counted') AND customerhash IS NOT NULL AND holdout IS NOT NULL
)
SELECT app, kind, name, count(*) AS requests
FROM subject
GROUP BY app, kind, name
ORDER BY app, kind, name
