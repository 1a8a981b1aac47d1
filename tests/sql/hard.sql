-- Questions whose bounds bite, over rows with NaN, infinity and huge numbers: only their sensitivity is looked at.

--# odd weights under a domain
SELECT week, SUM(weight), SUM(weight * 1e9), SUM(CASE WHEN paid THEN quantity ELSE -quantity END) FROM purchases GROUP BY week;

--# several sums under keys that are data
SELECT shelf, SUM(sales_value), COUNT(DISTINCT basket_id), COUNT(DISTINCT household_id) FROM purchases GROUP BY shelf;

--# three keys that are data
SELECT product_id, shelf, paid, SUM(quantity), AVG(weight), COUNT(*) FILTER (WHERE quantity < 0) FROM purchases GROUP BY ALL;

--# a key that is not selected
SELECT day, SUM(quantity), COUNT(*) FROM purchases GROUP BY day, paid;

--# NaN and infinity as keys
SELECT weight, COUNT(*) FROM purchases GROUP BY weight;

--# values beyond every bound
SELECT SUM(weight), SUM(-weight), SUM(weight / 0), SUM(quantity * 4611686018427387904), SUM(1e300) FROM purchases;

--# per-person values beyond every bound
SELECT SUM(n * 1e200), SUM(big) FROM (SELECT household_id, SUM(weight) AS n, SUM(quantity) AS big FROM purchases GROUP BY 1);

--# a product of two rows
SELECT income, SUM(a.quantity * b.quantity) FROM purchases a JOIN purchases b USING (household_id) JOIN members USING (household_id) GROUP BY 1;

--# a domain beside a public dimension
SELECT m.income, p.department, SUM(t.sales_value) FROM purchases t JOIN members m USING (household_id) JOIN products p USING (product_id) GROUP BY 1, 2;

--# the price of a public table
SELECT department, SUM(price), SUM(quantity) FROM products JOIN purchases USING (product_id) GROUP BY department;

--# a rank of one person as a key
SELECT r, COUNT(*) FROM (SELECT household_id, ROW_NUMBER() OVER (PARTITION BY household_id ORDER BY bought) AS r FROM purchases) GROUP BY r;

--# constants of both signs
SELECT week, SUM(1), SUM(CASE WHEN quantity > 0 THEN 5 ELSE -7 END) FROM purchases GROUP BY week;
