-- What goes into the pass and what comes out of it.

--# a declared domain
SELECT week, COUNT(*) FROM purchases GROUP BY week;
SELECT
  k0
FROM (
  SELECT DISTINCT
    _d."week" AS k0
  FROM (VALUES
    (1),
    (2),
    (3),
    (4)) AS _d("week")
) AS _c0;

--# a narrowed domain
SELECT week, COUNT(*) FROM purchases WHERE week > 2 AND paid GROUP BY week;
SELECT
  k0
FROM (
  SELECT DISTINCT
    "purchases"."week" AS k0
  FROM (VALUES
    (1),
    (2),
    (3),
    (4)) AS "purchases"("week")
  WHERE
    "purchases"."week" > 2
) AS _c0;

--# a public dimension
SELECT p.department, COUNT(*) FROM purchases t JOIN products p ON t.product_id = p.product_id WHERE p.brand = 'own' GROUP BY 1;
SELECT
  k0
FROM (
  SELECT DISTINCT
    "p"."department" AS k0
  FROM held."products" AS "p"
  WHERE
    NOT "p"."department" IS NULL AND "p"."brand" = 'own'
) AS _c0;

--# both
SELECT p.department, p.brand, t.week, COUNT(*) FROM purchases t JOIN products p ON t.product_id = p.product_id GROUP BY ALL;
SELECT
  k0,
  k1,
  k2
FROM (
  SELECT DISTINCT
    _d."department" AS k0,
    _d."brand" AS k1
  FROM held."products" AS _d
  WHERE
    NOT _d."department" IS NULL AND NOT _d."brand" IS NULL
) AS _c0
CROSS JOIN (
  SELECT DISTINCT
    _d."week" AS k2
  FROM (VALUES
    (1),
    (2),
    (3),
    (4)) AS _d("week")
) AS _c1;

--# keys that are data
SELECT shelf, week, COUNT(*) FROM purchases GROUP BY ALL;
SELECT
  'keys are data';
