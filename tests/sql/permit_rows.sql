-- What goes into the pass and what comes out of it.

--# a direct subject
SELECT income FROM members;
SELECT
  _b."income" AS "income",
  _b."_subject0" AS "_subject"
FROM held."members" AS _b
WHERE
  GET_BIT($_open_members, _b._block) = 1 AND $_purpose = 'planning'
UNION ALL
SELECT
  _b."income" AS "income",
  _b."_subject0" AS "_subject"
FROM held."members" AS _b
JOIN "_words_members" AS _w
  ON _w.word = _b._word
WHERE
  (
    (
      _w.plain >> _b._bit
    ) & 1
  ) = 1 AND $_purpose = 'planning';

--# a path to the subject
SELECT amount FROM returns;
SELECT
  _b."amount" AS "amount",
  _b."_subject0" AS "_subject"
FROM held."returns" AS _b
WHERE
  GET_BIT($_open_returns, _b._block) = 1 AND $_purpose = 'planning'
UNION ALL
SELECT
  _b."amount" AS "amount",
  _b."_subject0" AS "_subject"
FROM held."returns" AS _b
JOIN "_words_returns" AS _w
  ON _w.word = _b._word
WHERE
  (
    (
      _w.plain >> _b._bit
    ) & 1
  ) = 1 AND $_purpose = 'planning';

--# masks
SELECT age, town, joined, secret FROM members;
SELECT
  (
    FLOOR(_b."age" / 10) * 10
  ) AS "age",
  LEFT(_b."town", 1) AS "town",
  DATE_TRUNC('MONTH', _b."joined") AS "joined",
  CASE WHEN FALSE THEN _b."secret" END AS "secret",
  _b."_subject0" AS "_subject"
FROM held."members" AS _b
WHERE
  GET_BIT($_open_members, _b._block) = 1 AND $_purpose = 'planning'
UNION ALL
SELECT
  (
    FLOOR(_b."age" / 10) * 10
  ) AS "age",
  LEFT(_b."town", 1) AS "town",
  DATE_TRUNC('MONTH', _b."joined") AS "joined",
  CASE WHEN FALSE THEN _b."secret" END AS "secret",
  _b."_subject0" AS "_subject"
FROM held."members" AS _b
JOIN "_words_members" AS _w
  ON _w.word = _b._word
WHERE
  (
    (
      _w.plain >> _b._bit
    ) & 1
  ) = 1 AND $_purpose = 'planning';

--# a mask lifted
--# purpose: care
SELECT town FROM members;
SELECT
  _b."town" AS "town",
  _b."_subject0" AS "_subject"
FROM held."members" AS _b
WHERE
  GET_BIT($_open_members, _b._block) = 1 AND $_purpose = 'care'
UNION ALL
SELECT
  _b."town" AS "town",
  _b."_subject0" AS "_subject"
FROM held."members" AS _b
JOIN "_words_members" AS _w
  ON _w.word = _b._word
WHERE
  (
    (
      _w.plain >> _b._bit
    ) & 1
  ) = 1 AND $_purpose = 'care';

--# retention and instants
SELECT week FROM purchases;
SELECT
  _b."week" AS "week",
  _b."_subject0" AS "_subject"
FROM held."purchases" AS _b
WHERE
  GET_BIT($_open_purchases, _b._block) = 1
  AND $_purpose = 'planning'
  AND COALESCE(_b."bought" >= CAST($_now AS TIMESTAMP) - INTERVAL '365' DAY, FALSE)
UNION ALL
SELECT
  _b."week" AS "week",
  _b."_subject0" AS "_subject"
FROM held."purchases" AS _b
JOIN "_words_purchases" AS _w
  ON _w.word = _b._word
WHERE
  (
    (
      _w.plain >> _b._bit
    ) & 1
  ) = 1
  AND $_purpose = 'planning'
  AND COALESCE(_b."bought" >= CAST($_now AS TIMESTAMP) - INTERVAL '365' DAY, FALSE)
UNION ALL
SELECT
  _b."week" AS "week",
  _b."_subject0" AS "_subject"
FROM held."purchases" AS _b
JOIN "_later_purchases" AS _l
  ON _l.word = _b._word AND _l.bit = _b._bit
WHERE
  COALESCE(_b."bought" >= _l.not_before, FALSE)
  AND $_purpose = 'planning'
  AND COALESCE(_b."bought" >= CAST($_now AS TIMESTAMP) - INTERVAL '365' DAY, FALSE);

--# sensitive rows are left out
SELECT kind FROM visits;
SELECT
  _b."kind" AS "kind",
  _b."_subject0" AS "_subject"
FROM held."visits" AS _b
WHERE
  CASE
    WHEN (
      COALESCE(_b."kind" IN ('clinic'), TRUE)
      OR NOT COALESCE(
        _b."product_id" IN (
          SELECT
            _d."product_id"
          FROM held."products" AS _d
          WHERE
            NOT COALESCE(_d."department" IN ('REMEDIES'), TRUE)
            AND NOT _d."product_id" IS NULL
        ),
        FALSE
      )
    )
    THEN 0
    ELSE GET_BIT($_open_visits, _b._block)
  END = 1
  AND $_purpose = 'planning'
UNION ALL
SELECT
  _b."kind" AS "kind",
  _b."_subject0" AS "_subject"
FROM held."visits" AS _b
JOIN "_words_visits" AS _w
  ON _w.word = _b._word
WHERE
  (
    (
      CASE
        WHEN (
          COALESCE(_b."kind" IN ('clinic'), TRUE)
          OR NOT COALESCE(
            _b."product_id" IN (
              SELECT
                _d."product_id"
              FROM held."products" AS _d
              WHERE
                NOT COALESCE(_d."department" IN ('REMEDIES'), TRUE)
                AND NOT _d."product_id" IS NULL
            ),
            FALSE
          )
        )
        THEN 0
        ELSE _w.plain
      END >> _b._bit
    ) & 1
  ) = 1
  AND $_purpose = 'planning'
UNION ALL
SELECT
  _b."kind" AS "kind",
  _b."_subject0" AS "_subject"
FROM held."visits" AS _b
JOIN "_later_visits" AS _l
  ON _l.word = _b._word AND _l.bit = _b._bit
WHERE
  COALESCE(
    _b."seen" >= CASE
      WHEN (
        COALESCE(_b."kind" IN ('clinic'), TRUE)
        OR NOT COALESCE(
          _b."product_id" IN (
            SELECT
              _d."product_id"
            FROM held."products" AS _d
            WHERE
              NOT COALESCE(_d."department" IN ('REMEDIES'), TRUE)
              AND NOT _d."product_id" IS NULL
          ),
          FALSE
        )
      )
      THEN NULL
      ELSE _l.not_before
    END,
    FALSE
  )
  AND $_purpose = 'planning';

--# sensitive rows take explicit consent
--# purpose: care
SELECT kind FROM visits;
SELECT
  _b."kind" AS "kind",
  _b."_subject0" AS "_subject"
FROM held."visits" AS _b
WHERE
  CASE
    WHEN (
      COALESCE(_b."kind" IN ('clinic'), TRUE)
      OR NOT COALESCE(
        _b."product_id" IN (
          SELECT
            _d."product_id"
          FROM held."products" AS _d
          WHERE
            NOT COALESCE(_d."department" IN ('REMEDIES'), TRUE)
            AND NOT _d."product_id" IS NULL
        ),
        FALSE
      )
    )
    THEN GET_BIT($_open_sensitive_visits, _b._block)
    ELSE GET_BIT($_open_visits, _b._block)
  END = 1
  AND $_purpose = 'care'
UNION ALL
SELECT
  _b."kind" AS "kind",
  _b."_subject0" AS "_subject"
FROM held."visits" AS _b
JOIN "_words_visits" AS _w
  ON _w.word = _b._word
WHERE
  (
    (
      CASE
        WHEN (
          COALESCE(_b."kind" IN ('clinic'), TRUE)
          OR NOT COALESCE(
            _b."product_id" IN (
              SELECT
                _d."product_id"
              FROM held."products" AS _d
              WHERE
                NOT COALESCE(_d."department" IN ('REMEDIES'), TRUE)
                AND NOT _d."product_id" IS NULL
            ),
            FALSE
          )
        )
        THEN _w.sensitive
        ELSE _w.plain
      END >> _b._bit
    ) & 1
  ) = 1
  AND $_purpose = 'care'
UNION ALL
SELECT
  _b."kind" AS "kind",
  _b."_subject0" AS "_subject"
FROM held."visits" AS _b
JOIN "_later_visits" AS _l
  ON _l.word = _b._word AND _l.bit = _b._bit
WHERE
  COALESCE(
    _b."seen" >= CASE
      WHEN (
        COALESCE(_b."kind" IN ('clinic'), TRUE)
        OR NOT COALESCE(
          _b."product_id" IN (
            SELECT
              _d."product_id"
            FROM held."products" AS _d
            WHERE
              NOT COALESCE(_d."department" IN ('REMEDIES'), TRUE)
              AND NOT _d."product_id" IS NULL
          ),
          FALSE
        )
      )
      THEN _l.sensitive_not_before
      ELSE _l.not_before
    END,
    FALSE
  )
  AND $_purpose = 'care';

--# several subjects
SELECT amount FROM transfers;
SELECT
  _b."amount" AS "amount",
  _b."_subject0" AS "_subject"
FROM held."transfers" AS _b
WHERE
  GET_BIT($_open_transfers, _b._block) = 1 AND $_purpose = 'planning'
UNION ALL
SELECT
  _b."amount" AS "amount",
  _b."_subject0" AS "_subject"
FROM held."transfers" AS _b
JOIN "_words_transfers" AS _w
  ON _w.word = _b._word
WHERE
  (
    (
      _w.plain >> _b._bit
    ) & 1
  ) = 1 AND $_purpose = 'planning';
