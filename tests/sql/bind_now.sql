-- What goes into the pass and what comes out of it.

--# now
SELECT a FROM t WHERE a < NOW();
SELECT
  a
FROM t
WHERE
  a < CAST($_now AS TIMESTAMP);

--# the present date
SELECT CURRENT_DATE AS d;
SELECT
  CAST(CAST($_now AS TIMESTAMP) AS DATE) AS d;

--# the present instant
SELECT CURRENT_TIMESTAMP AS d;
SELECT
  CAST($_now AS TIMESTAMP) AS d;

--# functions without a class
SELECT MEAN(a), DATE_PART('month', b) FROM t;
SELECT
  AVG(a),
  EXTRACT(MONTH FROM b)
FROM t;
