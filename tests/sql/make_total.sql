-- What goes into the pass and what comes out of it.

--# a cast
SELECT CAST(a AS INT) FROM t;
SELECT
  TRY(TRY_CAST(a AS INT))
FROM t;

--# arithmetic
SELECT a * 2 + b FROM t WHERE a / b > 1;
SELECT
  TRY(a * 2 + b)
FROM t
WHERE
  TRY(a / b > 1);

--# a function that may raise
SELECT SUBSTRING(a, b, 2) FROM t;
SELECT
  TRY(SUBSTRING(a, b, 2))
FROM t;

--# nothing to do
SELECT a FROM t WHERE a > 1;
SELECT
  a
FROM t
WHERE
  TRY(a > 1);
