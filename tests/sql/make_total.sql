-- What goes into the pass and what comes out of it.

--# a cast
SELECT CAST(a AS INT) FROM t;
SELECT
  TRY_CAST(a AS INT)
FROM t;

--# arithmetic
SELECT a * 2 + b FROM t WHERE a / b > 1;
SELECT
  TRY(TRY(a * 2) + b)
FROM t
WHERE
  TRY_CAST(TRY(a / b) AS DOUBLE) > 1;

--# a function that may raise
SELECT SUBSTRING(a, b, 2) FROM t;
SELECT
  TRY(SUBSTRING(a, b, 2))
FROM t;

--# nothing to do
SELECT a FROM t WHERE NOT a IS NULL;
SELECT
  a
FROM t
WHERE
  NOT a IS NULL;
