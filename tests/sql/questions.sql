-- Questions that are answered. Each runs governed, without noise, and must equal itself over tables filtered by hand;
-- where there is a second statement, the answer must equal that one instead.

--# a total
SELECT COUNT(*), COUNT(quantity), SUM(quantity), SUM(sales_value), AVG(sales_value), COUNT(DISTINCT household_id) FROM purchases;

--# the count of people alone
SELECT COUNT(DISTINCT household_id) AS households FROM purchases;

--# groups with a declared domain
SELECT week, COUNT(*) AS n FROM purchases GROUP BY week ORDER BY week;

--# groups whose values are data
SELECT shelf, COUNT(*), SUM(weight) FROM purchases GROUP BY shelf;

--# groups of a public dimension
SELECT p.department, SUM(t.sales_value) AS s FROM purchases AS t JOIN products AS p ON t.product_id = p.product_id WHERE NOT p.department IS NULL GROUP BY p.department;

--# groups of a public dimension joined by USING
SELECT department, week, COUNT(*) FROM purchases JOIN products USING (product_id) WHERE department <> 'BREAD' GROUP BY ALL;

--# a natural join of people
SELECT income, COUNT(*) FROM purchases NATURAL JOIN members GROUP BY income;

--# a left join onto the public dimension
SELECT COUNT(*), COUNT(p.product_id) FROM purchases t LEFT JOIN products p ON t.product_id = p.product_id;

--# a left join of people
SELECT COUNT(*), COUNT(m.income), COUNT(DISTINCT t.household_id) FROM purchases t LEFT JOIN members m ON t.household_id = m.household_id;

--# a right join of people
SELECT COUNT(*), COUNT(t.quantity), SUM(t.quantity) FROM purchases t RIGHT JOIN members m ON t.household_id = m.household_id;

--# a full join of people
SELECT COUNT(*), COUNT(t.quantity), COUNT(m.income) FROM purchases t FULL JOIN members m ON t.household_id = m.household_id;

--# a full join by USING, then a left join
SELECT COUNT(*), COUNT(v.kind) FROM purchases t FULL JOIN members m USING (household_id) LEFT JOIN visits v ON v.household_id = m.household_id;

--# a right join of people onto a public table
SELECT COUNT(*) FROM products p RIGHT JOIN purchases t ON t.product_id = p.product_id;

--# a cross join with a public table
SELECT COUNT(*) FROM purchases t CROSS JOIN products p WHERE p.brand = 'own';

--# a comma join with its condition in WHERE
SELECT COUNT(*), SUM(t.sales_value) FROM purchases t, members m WHERE t.household_id = m.household_id AND m.income = 'low';

--# joined on a key that determines the subject
SELECT r.why, COUNT(*), SUM(r.amount), COUNT(t.quantity) FROM returns r JOIN purchases t ON r.of_basket = t.basket_id GROUP BY r.why;

--# a subject found by a path
SELECT COUNT(*), SUM(amount) FROM returns;

--# baskets are counted as keys that belong to one person
SELECT week, COUNT(DISTINCT basket_id) FROM purchases GROUP BY week;

--# people counted under a condition
SELECT COUNT(DISTINCT CASE WHEN quantity > 2 THEN household_id END) AS many FROM purchases;

--# a filter beside an aggregate
SELECT week, COUNT(*) FILTER (WHERE quantity > 1), SUM(sales_value) FILTER (WHERE paid) FROM purchases GROUP BY week;

--# count_if
SELECT COUNT_IF(quantity > 1), COUNT_IF(paid) FROM purchases;

--# sum of a case
SELECT SUM(CASE WHEN quantity > 1 THEN 1 ELSE 0 END), SUM(CASE WHEN paid THEN sales_value END) FROM purchases;

--# sum of negative ones
SELECT SUM(CASE WHEN quantity > 1 THEN 1 ELSE -1 END), SUM(-1), SUM(2) FROM purchases;

--# sum of a product of columns
SELECT SUM(quantity * weight), SUM(quantity + 1), SUM(-quantity) FROM purchases;

--# sum of a public price
SELECT SUM(p.price) FROM purchases t JOIN products p USING (product_id);

--# arithmetic over measures
SELECT week, SUM(sales_value) / COUNT(*) AS ratio, 100 * COUNT(*) - 1 AS more FROM purchases GROUP BY week;

--# arithmetic over the blocks of two questions
SELECT (SELECT COUNT(*) FROM purchases) - (SELECT COUNT(*) FROM visits) AS difference;

--# one block divided by another
SELECT a.week, a.n / b.n AS share FROM (SELECT week, COUNT(*) AS n FROM purchases GROUP BY week) a CROSS JOIN (SELECT COUNT(*) AS n FROM purchases) b;

--# two blocks joined on their released keys
WITH sold AS (SELECT week, SUM(sales_value) AS s FROM purchases GROUP BY week), counted AS (SELECT week, COUNT(*) AS n FROM purchases WHERE paid GROUP BY week) SELECT sold.week, s, n, s / n FROM sold JOIN counted ON sold.week = counted.week ORDER BY 1;

--# released cells joined to a public table
SELECT p.department, SUM(x.n) FROM (SELECT product_id, COUNT(*) AS n FROM purchases GROUP BY product_id) x JOIN products p ON p.product_id = x.product_id GROUP BY p.department;

--# a scalar subquery beside measures
SELECT week, COUNT(*), (SELECT COUNT(*) FROM products) AS range_size FROM purchases GROUP BY week;

--# the share of a total
SELECT week, COUNT(*) / (SELECT COUNT(*) FROM purchases) AS share FROM purchases GROUP BY week;

--# having
SELECT shelf, COUNT(*) FROM purchases GROUP BY shelf HAVING COUNT(*) > 10 AND SUM(quantity) IS NOT NULL;

--# having without groups
SELECT COUNT(*) FROM purchases HAVING COUNT(*) > 3;

--# having by an alias
SELECT week, SUM(quantity) AS pieces FROM purchases GROUP BY week HAVING pieces > 5;

--# order by an aggregate that is not selected
SELECT week FROM purchases GROUP BY week ORDER BY SUM(sales_value) DESC LIMIT 2;

--# order by position with nulls last, limit and offset
SELECT week, COUNT(*) AS n FROM purchases GROUP BY 1 ORDER BY 2 DESC NULLS LAST, 1 LIMIT 2 OFFSET 1;

--# group by an alias
SELECT CASE WHEN quantity > 2 THEN 'many' ELSE 'few' END AS size, COUNT(*) FROM purchases GROUP BY size;

--# group by an expression
SELECT EXTRACT(month FROM bought) AS m, COUNT(*) FROM purchases GROUP BY EXTRACT(month FROM bought);

--# group by positions and expressions of keys
SELECT UPPER(shelf) || '!' AS label, week + 1, COUNT(*) FROM purchases GROUP BY UPPER(shelf), week;

--# group by all
SELECT shelf, paid, COUNT(*) FROM purchases GROUP BY ALL;

--# a key that is only grouped by
SELECT COUNT(*) FROM purchases GROUP BY shelf;

--# distinct values of a column
SELECT DISTINCT shelf FROM purchases;

--# distinct counts
SELECT DISTINCT COUNT(*) > 5 FROM purchases GROUP BY week;

--# windows over released cells
SELECT week, SUM(COUNT(*)) OVER (ORDER BY week) AS running, RANK() OVER (ORDER BY COUNT(*) DESC, week) AS place FROM purchases GROUP BY week;

--# a named window over released cells
SELECT week, ROW_NUMBER() OVER w AS place FROM purchases GROUP BY week WINDOW w AS (ORDER BY SUM(sales_value) DESC);

--# qualify over released cells
SELECT shelf, COUNT(*) AS n FROM purchases GROUP BY shelf QUALIFY ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, shelf) <= 2;

--# a window within one person's rows
SELECT COUNT(*) FROM (SELECT household_id, ROW_NUMBER() OVER (PARTITION BY household_id ORDER BY bought, sales_value, product_id, weight) AS r FROM purchases) WHERE r = 1;

--# qualify within one person's rows
SELECT COUNT(*) FROM (SELECT household_id, bought FROM purchases QUALIFY RANK() OVER (PARTITION BY household_id ORDER BY bought DESC) = 1);

--# a named window within one person's rows
SELECT COUNT(*) FROM (SELECT LAG(bought) OVER w AS before FROM purchases WINDOW w AS (PARTITION BY household_id ORDER BY bought)) WHERE before IS NULL;

--# per-person totals in a CTE
WITH per AS (SELECT household_id, SUM(sales_value) AS spent, COUNT(*) AS n FROM purchases GROUP BY household_id) SELECT COUNT(*), SUM(spent), SUM(n) FROM per WHERE n > 2;

--# per-person aggregates of any kind
SELECT COUNT(*) FROM (SELECT household_id, MAX(quantity) AS top, MIN(weight) AS low, MEDIAN(quantity) AS mid FROM purchases GROUP BY household_id) WHERE top > 3;

--# frequency classes of people
WITH per AS (SELECT household_id, COUNT(*) AS n FROM purchases GROUP BY household_id) SELECT CASE WHEN n < 5 THEN 'few' WHEN n < 9 THEN 'some' ELSE 'many' END AS class, COUNT(*) FROM per GROUP BY 1;

--# per-basket totals
SELECT COUNT(*), SUM(n) FROM (SELECT basket_id, COUNT(*) AS n FROM purchases WHERE NOT basket_id IS NULL GROUP BY basket_id) AS baskets_of_purchases;

--# nested CTEs
WITH a AS (WITH b AS (SELECT household_id, quantity FROM purchases) SELECT household_id, quantity FROM b WHERE quantity > 0) SELECT COUNT(*) FROM a;

--# a CTE that shadows a dataset
WITH purchases AS (SELECT household_id, quantity FROM purchases WHERE quantity > 1) SELECT COUNT(*), SUM(quantity) FROM purchases;

--# a CTE used twice
WITH x AS (SELECT household_id, week, quantity FROM purchases) SELECT COUNT(*) FROM x AS a JOIN x AS b ON a.household_id = b.household_id AND a.week = b.week;

--# a CTE with column names
WITH x(h, q) AS (SELECT household_id, quantity FROM purchases) SELECT SUM(q), COUNT(DISTINCT h) FROM x;

--# a CTE of released cells used twice
WITH x AS (SELECT week, COUNT(*) AS n FROM purchases GROUP BY week) SELECT a.week, a.n - b.n FROM x a JOIN x b ON a.week = b.week + 1;

--# membership of people
SELECT COUNT(*) FROM purchases WHERE household_id IN (SELECT household_id FROM visits WHERE kind = 'shop');

--# not in
SELECT COUNT(*) FROM purchases WHERE household_id NOT IN (SELECT household_id FROM visits WHERE kind = 'shop');

--# exists
SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM purchases t WHERE t.household_id = m.household_id AND t.quantity > 4);

--# not exists
SELECT COUNT(*) FROM members m WHERE NOT EXISTS (SELECT 1 FROM purchases t WHERE t.household_id = m.household_id AND t.quantity > 4);

--# a correlated scalar subquery
SELECT COUNT(*) FROM members m WHERE (SELECT COUNT(*) FROM purchases t WHERE t.household_id = m.household_id) > 5;

--# a correlated subquery within a subquery
SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM baskets b WHERE b.household_id = m.household_id AND EXISTS (SELECT 1 FROM purchases t WHERE t.household_id = b.household_id AND t.quantity > 5));

--# membership of a public table
SELECT COUNT(*) FROM purchases WHERE product_id IN (SELECT product_id FROM products WHERE department = 'DAIRY');

--# compared to a public figure
SELECT COUNT(*) FROM purchases WHERE sales_value > (SELECT AVG(price) FROM products);

--# lateral
SELECT SUM(x.top) FROM members m, LATERAL (SELECT MAX(t.quantity) AS top FROM purchases t WHERE t.household_id = m.household_id) AS x;

--# union all of people
SELECT COUNT(*), COUNT(DISTINCT household_id) FROM (SELECT household_id, product_id FROM purchases UNION ALL SELECT household_id, product_id FROM visits);

--# union of released cells
SELECT 'sold' AS what, COUNT(*) AS n FROM purchases UNION ALL SELECT 'seen', COUNT(*) FROM visits;

--# except and intersect of released cells
SELECT week FROM purchases GROUP BY week EXCEPT SELECT 3 AS week;

--# from first
FROM purchases SELECT COUNT(*);

--# the whole of a public table
TABLE products;

--# from alone
FROM products;

--# star in a subquery
SELECT COUNT(*) FROM (SELECT * FROM purchases);

--# star without and with something else
SELECT SUM(quantity), COUNT(shelf) FROM (SELECT * EXCLUDE (week) REPLACE (quantity * 2 AS quantity) FROM purchases);

--# star of one table
SELECT COUNT(*), COUNT(income) FROM (SELECT m.* FROM members m JOIN baskets b ON b.household_id = m.household_id);

--# quoted names and mixed case
SELECT "Week" AS "The Week", Count(*) AS "N" FROM "PURCHASES" AS "Bought Things" GROUP BY "Week";

--# mixed case aliases
SELECT T.Week, COUNT(*) AS N FROM Purchases AS T WHERE t.PAID GROUP BY t.week ORDER BY n DESC, T.WEEK;

--# casts that could raise
SELECT COUNT(*) FROM purchases WHERE TRY_CAST(shelf AS INTEGER) > 3;

--# a cast that raises in plain SQL gives NULL
SELECT COUNT(*) FROM purchases WHERE CAST(shelf AS INTEGER) > 3;
SELECT COUNT(*) FROM purchases WHERE TRY_CAST(shelf AS INTEGER) > 3;

--# like
SELECT COUNT(*) FROM purchases WHERE shelf LIKE 'x%' OR shelf ILIKE 'TOP';

--# between and in
SELECT COUNT(*) FROM purchases WHERE quantity BETWEEN 1 AND 3 AND week IN (1, 2) AND shelf NOT IN ('top');

--# null logic
SELECT COUNT(*) FROM purchases WHERE paid IS NULL OR quantity IS NOT DISTINCT FROM NULL;

--# dates
SELECT DATE_TRUNC('month', bought) AS m, COUNT(*) FROM purchases WHERE day >= DATE '2025-09-01' AND bought < TIMESTAMP '2026-05-01 00:00:00' + INTERVAL 3 DAY GROUP BY 1;

--# masks are what is seen
SELECT age, town, joined, secret, COUNT(*) FROM members GROUP BY age, town, joined, secret;

--# a sum over a masked column
SELECT SUM(age), AVG(age) FROM members WHERE age > 20;

--# rows that reveal health are left out
SELECT kind, COUNT(*) FROM visits GROUP BY kind;

--# rows that reveal health of those who agreed
--# purpose: care
SELECT kind, COUNT(*), COUNT(DISTINCT household_id) FROM visits GROUP BY kind;

--# a mask lifted for a purpose
--# purpose: care
SELECT town, COUNT(*) FROM members GROUP BY town;

--# sensitive rows beside others
--# purpose: care
SELECT COUNT(*) FROM visits v JOIN purchases t ON t.household_id = v.household_id;

--# public tables only
SELECT department, COUNT(*), AVG(price), MAX(brand) FROM products GROUP BY department ORDER BY department;

--# public rows with windows and limits
SELECT product_id, RANK() OVER (ORDER BY price DESC) AS place FROM products ORDER BY place LIMIT 3;

--# public rows grouped by sets
SELECT department, brand, COUNT(*) FROM products GROUP BY ROLLUP (department, brand);

--# public distinct on
SELECT DISTINCT ON (department) department, product_id FROM products ORDER BY department, product_id;

--# values
SELECT COUNT(*) FROM purchases t JOIN (VALUES (1), (2)) AS v(w) ON t.week = v.w;

--# a constant
SELECT 1 AS one, 'x' AS two;

--# a subquery of a public table joined to people
SELECT COUNT(*) FROM purchases t JOIN (SELECT product_id FROM products WHERE price > 1 ORDER BY price LIMIT 5) p ON p.product_id = t.product_id;

--# released cells filtered by what is public
SELECT product_id, COUNT(*) FROM purchases GROUP BY product_id HAVING product_id IN (SELECT product_id FROM products WHERE brand = 'own');

--# coalesce, nullif, greatest
SELECT COALESCE(shelf, 'none'), COUNT(*), SUM(GREATEST(quantity, 0)), SUM(COALESCE(quantity, 0)), COUNT(NULLIF(quantity, 0)) FROM purchases GROUP BY 1;

--# the same measure twice under two names
SELECT COUNT(*) AS a, COUNT(*) AS b, SUM(quantity) AS c, SUM(quantity) + 1 AS d FROM purchases;

--# a distinct subquery of people
SELECT COUNT(*) FROM (SELECT DISTINCT household_id, week FROM purchases);

--# a self join of people
SELECT COUNT(*) FROM purchases a JOIN purchases b ON a.household_id = b.household_id AND a.basket_id = b.basket_id WHERE a.quantity < b.quantity;

--# a third table linked through a middle one
SELECT COUNT(*) FROM purchases t JOIN baskets b ON t.basket_id = b.basket_id JOIN members m ON m.household_id = b.household_id;

--# group by the key and again
SELECT n, COUNT(*) FROM (SELECT household_id, COUNT(DISTINCT basket_id) AS n FROM purchases GROUP BY household_id) GROUP BY n;

--# ordered by an expression of a measure
SELECT shelf, SUM(quantity) FROM purchases GROUP BY shelf ORDER BY ABS(SUM(quantity)) DESC LIMIT 3;

--# a case over measures
SELECT week, CASE WHEN COUNT(*) > 10 THEN 'busy' ELSE 'calm' END AS busy FROM purchases GROUP BY week;

--# an average of a case
SELECT AVG(CASE WHEN paid THEN 1 ELSE 0 END) FROM purchases;

--# several nested totals
SELECT AVG(n), MAX(n) FROM (SELECT week, COUNT(*) AS n FROM purchases GROUP BY week);

--# two outputs of one name
SELECT COUNT(*) AS n, SUM(quantity) AS n, COUNT(*) AS m FROM purchases;

--# two outputs of one name below
SELECT h, COUNT(*) FROM (SELECT shelf AS h, household_id AS h FROM purchases) GROUP BY h;

--# a star of two tables with columns of one name
SELECT COUNT(*), COUNT(product_id) FROM (SELECT * FROM purchases t JOIN visits v ON t.household_id = v.household_id);

--# a join on the key that a path leads to, under another name
SELECT r.why, COUNT(*) AS n, SUM(r.amount) AS back FROM returns r JOIN baskets b ON r.of_basket = b.basket_id GROUP BY r.why;

--# a subquery linked by the key that a path leads to
SELECT COUNT(*) AS n FROM baskets b WHERE EXISTS (SELECT 1 FROM returns r WHERE r.of_basket = b.basket_id AND r.amount > 1);

--# a key of a path in a union of branches
SELECT COUNT(*) AS n FROM (SELECT of_basket AS basket FROM returns UNION ALL SELECT basket_id FROM purchases) x JOIN baskets b ON x.basket = b.basket_id;

--# distinct values that people share
SELECT week, COUNT(DISTINCT product_id) AS products FROM purchases GROUP BY week;

--# distinct values in all, beside others
SELECT COUNT(DISTINCT shelf) AS shelves, COUNT(*) AS n, COUNT(DISTINCT product_id) FILTER (WHERE paid) AS paid FROM purchases;

--# variances and deviations
SELECT week, VARIANCE(quantity) AS v, VAR_POP(quantity) AS p, STDDEV(sales_value) AS d, STDDEV_POP(weight) AS w FROM purchases GROUP BY week;

--# a spread under a condition
SELECT STDDEV_SAMP(quantity) FILTER (WHERE paid) AS d, COUNT(*) AS n FROM purchases WHERE week < 4;

--# quantiles
SELECT week, MEDIAN(quantity) AS m, QUANTILE_DISC(quantity, 0.9) AS most FROM purchases GROUP BY week;
SELECT week, QUANTILE_DISC(quantity, 0.5) AS m, QUANTILE_DISC(quantity, 0.9) AS most FROM purchases GROUP BY week;

--# quantiles as the standard writes them
SELECT PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY quantity) AS few, PERCENTILE_DISC(0.2) WITHIN GROUP (ORDER BY quantity DESC) AS many FROM purchases;
SELECT QUANTILE_DISC(quantity, 0.25) AS few, QUANTILE_DISC(quantity, 0.8) AS many FROM purchases;

--# spread over groups that are data
SELECT shelf, MEDIAN(quantity) AS m, COUNT(DISTINCT product_id) AS n FROM purchases GROUP BY shelf;
SELECT shelf, QUANTILE_DISC(quantity, 0.5) AS m, COUNT(DISTINCT product_id) AS n FROM purchases GROUP BY shelf;

--# a quantile of one person's rows
SELECT SUM(m) AS total, COUNT(n) AS n FROM (SELECT household_id, QUANTILE_DISC(quantity, 0.5) AS m, QUANTILE_CONT(weight, 0.25) AS n FROM purchases GROUP BY household_id) AS x;

--# groups that a CASE names
SELECT CASE WHEN quantity > 2 THEN 'many' WHEN quantity <= 2 THEN 'few' ELSE 'unknown' END AS how, COUNT(*) AS n FROM purchases GROUP BY how;

--# a histogram over the declared range
SELECT FLOOR(sales_value / 5) * 5 AS low, COUNT(*) AS n FROM purchases WHERE sales_value IS NOT NULL GROUP BY low;

--# a finer histogram
SELECT week, FLOOR(weight / 0.5) AS bin, COUNT(DISTINCT household_id) AS n FROM purchases WHERE weight IS NOT NULL GROUP BY week, bin;

--# an expression over a public dimension
SELECT UPPER(LEFT(p.department, 2)) AS d, COUNT(*) AS n FROM purchases t JOIN products p ON t.product_id = p.product_id WHERE p.department IS NOT NULL GROUP BY d;

--# an expression over a declared domain
SELECT week % 2 = 0 AS even, COUNT(*) AS n FROM purchases GROUP BY even;
