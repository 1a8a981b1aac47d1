-- What goes into the pass and what comes out of it.

--# a direct subject
SELECT income FROM members;
SELECT
  _b."income" AS "income",
  _b."_subject0" AS "_subject"
FROM held."members" AS _b
WHERE
  COALESCE(
    CASE
      WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
      THEN GET_BIT(
        (
          SELECT
            plain
          FROM replica.permitted
          WHERE
            purpose = 'planning' AND namespace = 'household'
        ),
        _b._subject0
      ) = 1
      ELSE FALSE
    END,
    FALSE
  );

--# a path to the subject
SELECT amount FROM returns;
SELECT
  _b."amount" AS "amount",
  _b."_subject0" AS "_subject"
FROM held."returns" AS _b
WHERE
  COALESCE(
    CASE
      WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
      THEN GET_BIT(
        (
          SELECT
            plain
          FROM replica.permitted
          WHERE
            purpose = 'planning' AND namespace = 'household'
        ),
        _b._subject0
      ) = 1
      ELSE FALSE
    END,
    FALSE
  );

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
  COALESCE(
    CASE
      WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
      THEN GET_BIT(
        (
          SELECT
            plain
          FROM replica.permitted
          WHERE
            purpose = 'planning' AND namespace = 'household'
        ),
        _b._subject0
      ) = 1
      ELSE FALSE
    END,
    FALSE
  );

--# a mask lifted
--# purpose: care
SELECT town FROM members;
SELECT
  _b."town" AS "town",
  _b."_subject0" AS "_subject"
FROM held."members" AS _b
WHERE
  COALESCE(
    CASE
      WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
      THEN GET_BIT(
        (
          SELECT
            plain
          FROM replica.permitted
          WHERE
            purpose = 'care' AND namespace = 'household'
        ),
        _b._subject0
      ) = 1
      ELSE FALSE
    END,
    FALSE
  );

--# retention and instants
SELECT week FROM purchases;
SELECT
  _b."week" AS "week",
  _b."_subject0" AS "_subject"
FROM held."purchases" AS _b
WHERE
  COALESCE(
    CASE
      WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
      THEN GET_BIT(
        (
          SELECT
            plain
          FROM replica.permitted
          WHERE
            purpose = 'planning' AND namespace = 'household'
        ),
        _b._subject0
      ) = 1
      ELSE FALSE
    END,
    FALSE
  )
  AND COALESCE(_b."bought" >= CAST($_now AS TIMESTAMP) - INTERVAL '365' DAY, FALSE)
UNION ALL
SELECT
  _b."week" AS "week",
  _b."_subject0" AS "_subject"
FROM held."purchases" AS _b
JOIN replica."partial" AS _p0
  ON _p0.purpose = 'planning'
  AND _p0.namespace = 'household'
  AND _p0.subject = _b._subject0
WHERE
  (
    COALESCE(
      CASE
        WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
        THEN GET_BIT(
          (
            SELECT
              plain
            FROM replica.permitted
            WHERE
              purpose = 'planning' AND namespace = 'household'
          ),
          _b._subject0
        ) = 1
        ELSE FALSE
      END,
      FALSE
    )
    OR COALESCE(_b."bought" >= _p0.not_before, FALSE)
  )
  AND NOT (
    COALESCE(
      CASE
        WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
        THEN GET_BIT(
          (
            SELECT
              plain
            FROM replica.permitted
            WHERE
              purpose = 'planning' AND namespace = 'household'
          ),
          _b._subject0
        ) = 1
        ELSE FALSE
      END,
      FALSE
    )
  )
  AND COALESCE(_b."bought" >= CAST($_now AS TIMESTAMP) - INTERVAL '365' DAY, FALSE);

--# sensitive rows are left out
SELECT kind FROM visits;
SELECT
  _b."kind" AS "kind",
  _b."_subject0" AS "_subject"
FROM held."visits" AS _b
WHERE
  COALESCE(
    CASE
      WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
      THEN CASE
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
        THEN FALSE
        ELSE GET_BIT(
          (
            SELECT
              plain
            FROM replica.permitted
            WHERE
              purpose = 'planning' AND namespace = 'household'
          ),
          _b._subject0
        ) = 1
      END
      ELSE FALSE
    END,
    FALSE
  )
UNION ALL
SELECT
  _b."kind" AS "kind",
  _b."_subject0" AS "_subject"
FROM held."visits" AS _b
JOIN replica."partial" AS _p0
  ON _p0.purpose = 'planning'
  AND _p0.namespace = 'household'
  AND _p0.subject = _b._subject0
WHERE
  (
    COALESCE(
      CASE
        WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
        THEN CASE
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
          THEN FALSE
          ELSE GET_BIT(
            (
              SELECT
                plain
              FROM replica.permitted
              WHERE
                purpose = 'planning' AND namespace = 'household'
            ),
            _b._subject0
          ) = 1
        END
        ELSE FALSE
      END,
      FALSE
    )
    OR COALESCE(
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
        ELSE _p0.not_before
      END,
      FALSE
    )
  )
  AND NOT (
    COALESCE(
      CASE
        WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
        THEN CASE
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
          THEN FALSE
          ELSE GET_BIT(
            (
              SELECT
                plain
              FROM replica.permitted
              WHERE
                purpose = 'planning' AND namespace = 'household'
            ),
            _b._subject0
          ) = 1
        END
        ELSE FALSE
      END,
      FALSE
    )
  );

--# sensitive rows take explicit consent
--# purpose: care
SELECT kind FROM visits;
SELECT
  _b."kind" AS "kind",
  _b."_subject0" AS "_subject"
FROM held."visits" AS _b
WHERE
  COALESCE(
    CASE
      WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
      THEN CASE
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
        THEN GET_BIT(
          (
            SELECT
              sensitive
            FROM replica.permitted
            WHERE
              purpose = 'care' AND namespace = 'household'
          ),
          _b._subject0
        ) = 1
        ELSE GET_BIT(
          (
            SELECT
              plain
            FROM replica.permitted
            WHERE
              purpose = 'care' AND namespace = 'household'
          ),
          _b._subject0
        ) = 1
      END
      ELSE FALSE
    END,
    FALSE
  )
UNION ALL
SELECT
  _b."kind" AS "kind",
  _b."_subject0" AS "_subject"
FROM held."visits" AS _b
JOIN replica."partial" AS _p0
  ON _p0.purpose = 'care'
  AND _p0.namespace = 'household'
  AND _p0.subject = _b._subject0
WHERE
  (
    COALESCE(
      CASE
        WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
        THEN CASE
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
          THEN GET_BIT(
            (
              SELECT
                sensitive
              FROM replica.permitted
              WHERE
                purpose = 'care' AND namespace = 'household'
            ),
            _b._subject0
          ) = 1
          ELSE GET_BIT(
            (
              SELECT
                plain
              FROM replica.permitted
              WHERE
                purpose = 'care' AND namespace = 'household'
            ),
            _b._subject0
          ) = 1
        END
        ELSE FALSE
      END,
      FALSE
    )
    OR COALESCE(
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
        THEN _p0.sensitive_not_before
        ELSE _p0.not_before
      END,
      FALSE
    )
  )
  AND NOT (
    COALESCE(
      CASE
        WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
        THEN CASE
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
          THEN GET_BIT(
            (
              SELECT
                sensitive
              FROM replica.permitted
              WHERE
                purpose = 'care' AND namespace = 'household'
            ),
            _b._subject0
          ) = 1
          ELSE GET_BIT(
            (
              SELECT
                plain
              FROM replica.permitted
              WHERE
                purpose = 'care' AND namespace = 'household'
            ),
            _b._subject0
          ) = 1
        END
        ELSE FALSE
      END,
      FALSE
    )
  );

--# several subjects
SELECT amount FROM transfers;
SELECT
  _b."amount" AS "amount",
  _b."_subject0" AS "_subject"
FROM held."transfers" AS _b
WHERE
  COALESCE(
    CASE
      WHEN _b._subject0 >= 0 AND _b._subject0 < $_size_household
      THEN GET_BIT(
        (
          SELECT
            plain
          FROM replica.permitted
          WHERE
            purpose = 'planning' AND namespace = 'household'
        ),
        _b._subject0
      ) = 1
      ELSE FALSE
    END,
    FALSE
  )
  AND COALESCE(
    CASE
      WHEN _b._subject1 >= 0 AND _b._subject1 < $_size_household
      THEN GET_BIT(
        (
          SELECT
            plain
          FROM replica.permitted
          WHERE
            purpose = 'planning' AND namespace = 'household'
        ),
        _b._subject1
      ) = 1
      ELSE FALSE
    END,
    FALSE
  );
