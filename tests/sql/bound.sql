-- What goes into the pass and what comes out of it.

--# a total
SELECT COUNT(*) AS n FROM purchases;
WITH _rows AS (
  SELECT
    "purchases"."_subject" AS "_subject"
  FROM (
    SELECT
      *
    FROM "governed purchases"
  ) AS "purchases"
), _totals AS (
  SELECT
    _rows._subject,
    COALESCE(CAST(COUNT(*) AS INT128), 0) AS t0
  FROM _rows
  GROUP BY
    _rows._subject
), _kept AS (
  SELECT
    *,
    1 AS _groups
  FROM _totals
), _bounded AS (
  SELECT
    _subject,
    m0,
    _groups > 1 OR t0 <> m0 AS _clipped
  FROM (
    SELECT
      *,
      CAST(LEAST(GREATEST(t0, 0), 100000) AS BIGINT) AS m0
    FROM _kept
  ) AS _clamped
)
SELECT
  0 AS _row,
  COUNT(_bounded._subject) AS _subjects,
  CAST(LEAST(GREATEST(COALESCE(SUM(_bounded.m0), 0), -2305843009213693952), 2305843009213693952) AS BIGINT) AS m0
FROM _bounded;

--# clamped and by norm
--# purpose: tight
SELECT week, SUM(quantity), SUM(sales_value) FROM purchases GROUP BY week;
WITH _rows AS (
  SELECT
    "purchases"."_subject" AS "_subject",
    "purchases"."week" AS k0,
    TRY(CAST("purchases"."quantity" AS BIGINT)) AS a0,
    TRY(CAST("purchases"."sales_value" * 100 AS BIGINT)) AS a1
  FROM (
    SELECT
      *
    FROM "governed purchases"
  ) AS "purchases"
), _cells AS (
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
  ) AS _c0
), _totals AS (
  SELECT
    _rows._subject,
    _rows.k0,
    COALESCE(CAST(SUM(_rows.a0) AS INT128), 0) AS t0,
    COALESCE(CAST(SUM(_rows.a1) AS INT128), 0) AS t1
  FROM _rows
  JOIN _cells
    ON _rows.k0 = _cells.k0
  GROUP BY
    _rows._subject,
    _rows.k0
), _kept AS (
  SELECT
    *,
    COUNT(*) OVER (PARTITION BY _subject) AS _groups
  FROM _totals
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY _subject ORDER BY HASH(k0, _subject, $_salt), k0) <= 2
), _bounded AS MATERIALIZED (
  SELECT
    _subject,
    k0,
    m0,
    m1,
    _groups > 2 OR t0 <> m0 OR t1 <> m1 AS _clipped
  FROM (
    SELECT
      *,
      CAST(LEAST(GREATEST(t0, -3), 5) AS BIGINT) AS m0,
      CAST(TRUNC(
        CAST(LEAST(GREATEST(t1, -2000), 2000) AS DOUBLE) * LEAST(
          1,
          2000 / SQRT(
            GREATEST(
              SUM(
                CAST(LEAST(GREATEST(t1, -2000), 2000) AS DOUBLE) * CAST(LEAST(GREATEST(t1, -2000), 2000) AS DOUBLE)
              ) OVER (PARTITION BY _subject),
              1
            )
          )
        )
      ) AS BIGINT) AS m1
    FROM _kept
  ) AS _clamped
)
SELECT
  0 AS _row,
  _cells.k0 AS k0,
  COUNT(_bounded._subject) AS _subjects,
  CAST(LEAST(GREATEST(COALESCE(SUM(_bounded.m0), 0), -2305843009213693952), 2305843009213693952) AS BIGINT) AS m0,
  CAST(LEAST(GREATEST(COALESCE(SUM(_bounded.m1), 0), -2305843009213693952), 2305843009213693952) AS BIGINT) AS m1,
  0 AS _clipped
FROM _cells
LEFT JOIN _bounded
  ON _cells.k0 = _bounded.k0
GROUP BY
  _cells.k0
UNION ALL
SELECT
  1 AS _row,
  NULL AS k0,
  COUNT(*) AS _subjects,
  0 AS m0,
  0 AS m1,
  CAST(COALESCE(SUM(CASE WHEN _clipped THEN 1 ELSE 0 END), 0) AS BIGINT) AS _clipped
FROM (
  SELECT
    _subject,
    BOOL_OR(CAST(_clipped AS BOOLEAN)) AS _clipped
  FROM _bounded
  GROUP BY
    _subject
) AS _people;

--# a filter becomes a case
SELECT COUNT(*) FILTER (WHERE quantity > 1) AS n FROM purchases;
WITH _rows AS (
  SELECT
    "purchases"."_subject" AS "_subject",
    CASE WHEN "purchases"."quantity" > 1 THEN 1 END AS a0
  FROM (
    SELECT
      *
    FROM "governed purchases"
  ) AS "purchases"
), _totals AS (
  SELECT
    _rows._subject,
    COALESCE(CAST(COUNT(_rows.a0) AS INT128), 0) AS t0
  FROM _rows
  GROUP BY
    _rows._subject
), _kept AS (
  SELECT
    *,
    1 AS _groups
  FROM _totals
), _bounded AS (
  SELECT
    _subject,
    m0,
    _groups > 1 OR t0 <> m0 AS _clipped
  FROM (
    SELECT
      *,
      CAST(LEAST(GREATEST(t0, 0), 100000) AS BIGINT) AS m0
    FROM _kept
  ) AS _clamped
)
SELECT
  0 AS _row,
  COUNT(_bounded._subject) AS _subjects,
  CAST(LEAST(GREATEST(COALESCE(SUM(_bounded.m0), 0), -2305843009213693952), 2305843009213693952) AS BIGINT) AS m0
FROM _bounded;

--# a join equates the hidden ids
SELECT COUNT(*) FROM purchases t JOIN members m ON t.household_id = m.household_id;
WITH _rows AS (
  SELECT
    "t"."_subject" AS "_subject"
  FROM (
    SELECT
      *
    FROM "governed purchases"
  ) AS "t"
  JOIN (
    SELECT
      *
    FROM "governed members"
  ) AS "m"
    ON "t"."household_id" = "m"."household_id" AND "t"."_subject" = "m"."_subject"
), _totals AS (
  SELECT
    _rows._subject,
    COALESCE(CAST(COUNT(*) AS INT128), 0) AS t0
  FROM _rows
  GROUP BY
    _rows._subject
), _kept AS (
  SELECT
    *,
    1 AS _groups
  FROM _totals
), _bounded AS (
  SELECT
    _subject,
    m0,
    _groups > 1 OR t0 <> m0 AS _clipped
  FROM (
    SELECT
      *,
      CAST(LEAST(GREATEST(t0, 0), 100000) AS BIGINT) AS m0
    FROM _kept
  ) AS _clamped
)
SELECT
  0 AS _row,
  COUNT(_bounded._subject) AS _subjects,
  CAST(LEAST(GREATEST(COALESCE(SUM(_bounded.m0), 0), -2305843009213693952), 2305843009213693952) AS BIGINT) AS m0
FROM _bounded;

--# a correlated subquery is tied to the person
SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM purchases t WHERE t.household_id = m.household_id);
WITH _rows AS (
  SELECT
    "m"."_subject" AS "_subject"
  FROM (
    SELECT
      *
    FROM "governed members"
  ) AS "m"
  WHERE
    EXISTS(
      SELECT
        1 AS "1"
      FROM (
        SELECT
          *
        FROM "governed purchases"
      ) AS "t"
      WHERE
        "t"."household_id" = "m"."household_id" AND "t"."_subject" = "m"."_subject"
    )
), _totals AS (
  SELECT
    _rows._subject,
    COALESCE(CAST(COUNT(*) AS INT128), 0) AS t0
  FROM _rows
  GROUP BY
    _rows._subject
), _kept AS (
  SELECT
    *,
    1 AS _groups
  FROM _totals
), _bounded AS (
  SELECT
    _subject,
    m0,
    _groups > 1 OR t0 <> m0 AS _clipped
  FROM (
    SELECT
      *,
      CAST(LEAST(GREATEST(t0, 0), 100000) AS BIGINT) AS m0
    FROM _kept
  ) AS _clamped
)
SELECT
  0 AS _row,
  COUNT(_bounded._subject) AS _subjects,
  CAST(LEAST(GREATEST(COALESCE(SUM(_bounded.m0), 0), -2305843009213693952), 2305843009213693952) AS BIGINT) AS m0
FROM _bounded;

--# membership becomes one of hidden ids
SELECT COUNT(*) FROM members WHERE household_id IN (SELECT household_id FROM visits);
WITH _rows AS (
  SELECT
    "members"."_subject" AS "_subject"
  FROM (
    SELECT
      *
    FROM "governed members"
  ) AS "members"
  WHERE
    "members"."_subject" IN (
      SELECT
        "_in"."_subject"
      FROM (
        SELECT
          "visits"."household_id" AS "household_id",
          "visits"."_subject" AS "_subject"
        FROM (
          SELECT
            *
          FROM "governed visits"
        ) AS "visits"
      ) AS _in
    )
), _totals AS (
  SELECT
    _rows._subject,
    COALESCE(CAST(COUNT(*) AS INT128), 0) AS t0
  FROM _rows
  GROUP BY
    _rows._subject
), _kept AS (
  SELECT
    *,
    1 AS _groups
  FROM _totals
), _bounded AS (
  SELECT
    _subject,
    m0,
    _groups > 1 OR t0 <> m0 AS _clipped
  FROM (
    SELECT
      *,
      CAST(LEAST(GREATEST(t0, 0), 100000) AS BIGINT) AS m0
    FROM _kept
  ) AS _clamped
)
SELECT
  0 AS _row,
  COUNT(_bounded._subject) AS _subjects,
  CAST(LEAST(GREATEST(COALESCE(SUM(_bounded.m0), 0), -2305843009213693952), 2305843009213693952) AS BIGINT) AS m0
FROM _bounded;

--# a window is tied to the person
SELECT COUNT(*) FROM (SELECT RANK() OVER (PARTITION BY household_id ORDER BY bought) AS r FROM purchases) WHERE r = 1;
WITH _rows AS (
  SELECT
    "_0"."_subject" AS "_subject"
  FROM (
    SELECT
      RANK() OVER (
        PARTITION BY "purchases"."household_id", "purchases"."_subject"
        ORDER BY "purchases"."bought"
      ) AS "r",
      "purchases"."_subject" AS "_subject"
    FROM (
      SELECT
        *
      FROM "governed purchases"
    ) AS "purchases"
  ) AS "_0"
  WHERE
    "_0"."r" = 1
), _totals AS (
  SELECT
    _rows._subject,
    COALESCE(CAST(COUNT(*) AS INT128), 0) AS t0
  FROM _rows
  GROUP BY
    _rows._subject
), _kept AS (
  SELECT
    *,
    1 AS _groups
  FROM _totals
), _bounded AS (
  SELECT
    _subject,
    m0,
    _groups > 1 OR t0 <> m0 AS _clipped
  FROM (
    SELECT
      *,
      CAST(LEAST(GREATEST(t0, 0), 100000) AS BIGINT) AS m0
    FROM _kept
  ) AS _clamped
)
SELECT
  0 AS _row,
  COUNT(_bounded._subject) AS _subjects,
  CAST(LEAST(GREATEST(COALESCE(SUM(_bounded.m0), 0), -2305843009213693952), 2305843009213693952) AS BIGINT) AS m0
FROM _bounded;
