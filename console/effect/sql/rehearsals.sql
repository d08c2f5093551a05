-- Requests of the subject that Apple did not sign, each once: their customers are played by a test.

SELECT count(DISTINCT requestidentifier) AS requests
FROM exposures
WHERE day >= '@exposures_from' AND appappleid = CAST('@app' AS bigint) AND requestidentifier IS NOT NULL
  AND trustanchor <> 'apple' AND '@rehearsals' <> 'counted'
  AND CASE '@subject' WHEN 'holdout' THEN holdout WHEN 'experiment' THEN experiment ELSE '@key' END = '@key'
  AND replace(substr("timestamp", 1, 23), ',', '.') >= '@starts'
  AND replace(substr("timestamp", 1, 23), ',', '.') < '@until'
