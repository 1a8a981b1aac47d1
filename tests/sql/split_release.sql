-- What goes into the pass and what comes out of it.

--# having, order and limit
SELECT week, COUNT(*) AS n FROM purchases GROUP BY week HAVING COUNT(*) > 3 ORDER BY SUM(quantity) DESC LIMIT 2;
SELECT
  _r0.k0 AS "week",
  _r0.m0 AS "n"
FROM r0 AS _r0
WHERE
  _r0.m0 > 3
ORDER BY
  _r0.m1 DESC
LIMIT 2;

--# arithmetic
SELECT SUM(sales_value) / COUNT(*) AS ratio FROM purchases;
SELECT
  _r0.m0 / _r0.m1 AS "ratio"
FROM r0 AS _r0;

--# an average carries its error
SELECT AVG(sales_value) AS mean FROM purchases;
SELECT
  CASE WHEN _r0.m1 > 0 THEN _r0.m0 / _r0.m1 END AS "mean",
  CASE
    WHEN _r0.m1 > 0
    THEN SQRT(POWER(_r0.m0_error, 2) + POWER(_r0.m0 / _r0.m1 * _r0.m1_error, 2)) / _r0.m1
  END AS _error_0
FROM r0 AS _r0;

--# a window
SELECT week, RANK() OVER (ORDER BY COUNT(*)) AS place FROM purchases GROUP BY week;
SELECT
  _r0.k0 AS "week",
  RANK() OVER (ORDER BY _r0.m0) AS "place"
FROM r0 AS _r0;

--# two blocks
SELECT (SELECT COUNT(*) FROM purchases) - (SELECT COUNT(*) FROM visits) AS d;
SELECT
  (
    SELECT
      _r1.m0 AS "_col_0"
    FROM r1 AS _r1
  ) - (
    SELECT
      _r0.m0 AS "_col_0"
    FROM r0 AS _r0
  ) AS "d";

--# a public table beside
SELECT x.n, p.brand FROM (SELECT product_id, COUNT(*) AS n FROM purchases GROUP BY 1) x JOIN products p ON p.product_id = x.product_id;
SELECT
  "x"."n" AS "n",
  "p"."brand" AS "brand"
FROM (
  SELECT
    _r0.k0 AS "product_id",
    _r0.m0 AS "n"
  FROM r0 AS _r0
) AS "x"
JOIN (
  SELECT
    *
  FROM p0
) AS "p"
  ON "p"."product_id" = "x"."product_id";
