-- What goes into the pass and what comes out of it.

--# a star shows what is permitted
SELECT * FROM members;
SELECT
  "members"."household_id" AS "household_id",
  "members"."income" AS "income",
  "members"."age" AS "age",
  "members"."town" AS "town",
  "members"."joined" AS "joined",
  "members"."secret" AS "secret"
FROM "members" AS "members";

--# aliases and mixed case
SELECT T.Week AS W FROM Purchases T WHERE w = 1;
SELECT
  "t"."week" AS "w"
FROM "purchases" AS "t"
WHERE
  "t"."week" = 1;

--# using
SELECT income FROM purchases JOIN members USING (household_id);
SELECT
  "members"."income" AS "income"
FROM "purchases" AS "purchases"
JOIN "members" AS "members"
  ON "purchases"."household_id" = "members"."household_id";

--# a CTE shadows a dataset
WITH members AS (SELECT income FROM members) SELECT * FROM members;
WITH "members" AS (
  SELECT
    "members"."income" AS "income"
  FROM "members" AS "members"
)
SELECT
  "members"."income" AS "income"
FROM "members" AS "members";

--# two outputs of one name
SELECT week AS a, paid AS a FROM purchases;
SELECT
  "purchases"."week" AS "a",
  "purchases"."paid" AS "a_2"
FROM "purchases" AS "purchases";
