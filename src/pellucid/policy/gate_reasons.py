"""The words of every refusal by the gate: what was asked that cannot be answered, and a question that can."""

from __future__ import annotations

GATE_WORDS: dict[str, tuple[str, str]] = {
    "sql-too-long": ("The question has {characters} characters; {allowed} are allowed.", "Ask something shorter."),
    "sql-too-deep": ("The question nests deeper than {depth} brackets.", "Flatten it, for example with CTEs."),
    "laterals-nested": (
        "More than {allowed} LATERAL subqueries stand one within another.",
        "Flatten them, for example with CTEs.",
    ),
    "joins-without-condition": (
        "More than {allowed} JOINs in a row have no ON or USING of their own.",
        "Give each JOIN its condition, right behind it; write CROSS JOIN where none is meant.",
    ),
    "sql-too-complex": (
        "The question grows beyond {nodes} parts once its CTEs are written out.",
        "Use fewer CTEs that use each other.",
    ),
    "sql-too-large": ("The question has more than {nodes} parts.", "Ask something smaller, or several questions."),
    "sql-unparsable": (
        "The question could not be parsed: {where}.",
        "Write one SELECT in DuckDB's or PostgreSQL's grammar.",
    ),
    "sql-not-one-statement": ("Exactly one statement is answered, got {count}.", "Ask one question at a time."),
    "sql-not-a-query": (
        "Only questions are answered: SELECT, WITH, FROM, TABLE, UNION.",
        "Nothing can be changed, attached, installed or set through a question.",
    ),
    "function-not-allowed": (
        "The function `{name}` is not on the list of functions.",
        "Use another function, or ask for it to be reviewed and listed.",
    ),
    "random-refused": ("`random()` is refused: an answer must be repeatable.", "Ask without it."),
    "syntax-not-allowed": (
        "`{name}` is not supported in a question.",
        "Write it with SELECT, JOIN, WHERE, GROUP BY, CASE and CTEs.",
    ),
    "table-function-refused": (
        "Files, URLs and table functions cannot be read.",
        "Read declared datasets: `pellucid data list`.",
    ),
    "qualified-table-refused": ("`{name}` names a schema or catalogue.", "Name the dataset alone."),
    "reserved-name": ("The name `{name}` starts with an underscore, which is reserved.", "Choose another name."),
    "type-not-allowed": (
        "The type `{name}` cannot be cast to.",
        "Use text, integer, double, decimal, boolean, date or timestamp.",
    ),
    "recursion-refused": (
        "Recursive CTEs are refused: they can run without end and mix people.",
        "Write the steps out.",
    ),
    "join-kind-refused": (
        "`{name}` joins are not supported.",
        "Use INNER, LEFT, RIGHT, FULL or CROSS joins, or EXISTS.",
    ),
    "parameter-unnamed": ("Parameters must have a name.", "Write `$name` and give its value."),
    "parameter-missing": ("The parameter `${name}` has no value.", "Give a value for each parameter in the question."),
    "parameter-unused": (
        "There is a value for `{name}`, but no such parameter.",
        "Leave it out, or write `${name}` in the question.",
    ),
    "parameter-value": (
        "The value of `${name}` is a {kind}.",
        "Give text, a whole number, a number, true or false, a date or an instant.",
    ),
    "pattern-not-literal": ("A pattern must be written out in the question.", "Use a literal pattern."),
    "table-unknown": ("There is no dataset `{name}`.", "Datasets this purpose may read: {known}."),
    "name-unknown": ("There is no column `{name}`.", "Columns this purpose may read there: {known}."),
    "names-unresolved": (
        "A name in the question is ambiguous or cannot be resolved.",
        "Write `alias.column` everywhere.",
    ),
    "several-subjects-a-row": (
        "A row of `{dataset}` is about several people, so no one person's influence on a total can be bounded.",
        "Ask about a dataset with one subject a row.",
    ),
    "public-side-preserved": (
        "The outer join keeps rows of a public table that match nobody, and which those are depends on everybody.",
        "Put the table about people on the kept side, or use an inner join: empty public groups are in the answer.",
    ),
    "two-kinds-of-subject": (
        "The question joins rows about a {one} with rows about a {other}.",
        "Ask about one kind of subject at a time.",
    ),
    "join-not-linked": (
        "`{name}` is joined without equating the subject's key.",
        "Join on the key, e.g. `ON a.household_id = b.household_id`.",
    ),
    "rows-refused": (
        "The answer would hold rows about single people.",
        "Ask for COUNT, SUM or AVG by group. Rows leave only as audiences and through customers' own rights.",
    ),
    "figure-missing": (
        "The question reads people's rows and asks for no figure about them.",
        "Ask for COUNT, SUM or AVG, or leave the tables about people out.",
    ),
    "released-beside-people": (
        "The question joins totals over many people with single people's rows.",
        "Ask for the totals first, then write the figure you need into a second question.",
    ),
    "released-inside-exact": (
        "A total over many people is used to choose or weigh single people's rows.",
        "Ask for the total first, then write the figure into a second question.",
    ),
    "source-refused": (
        "Something in FROM is neither a dataset, a subquery nor a join of them.",
        "Name datasets, subqueries or CTEs, and join without brackets.",
    ),
    "column-aliases-refused": ("`{name}` renames columns beside its alias.", "Rename columns in the SELECT list."),
    "subquery-not-linked": (
        "A subquery reads other people's rows than the row it stands beside.",
        "Equate the subject's key inside it, e.g. `WHERE b.household_id = a.household_id`, or test membership: "
        "`household_id IN (SELECT household_id ...)`.",
    ),
    "subquery-many-rows": (
        "A subquery that stands for one value might find several rows of a person.",
        "Aggregate inside it, e.g. `MAX(...)`, or end it with LIMIT 1.",
    ),
    "correlated-beside-measures": (
        "A subquery beside the measures refers to the rows being counted.",
        "Let it stand on its own, or move it into a join.",
    ),
    "implicit-lateral-refused": (
        "The subquery `{name}` refers to a table beside it.",
        "Write LATERAL, or move the condition outside.",
    ),
    "union-of-kinds": (
        "The question stacks rows about people on other rows.",
        "Stack rows of the same kind with UNION ALL.",
    ),
    "set-operation-refused": (
        "UNION, INTERSECT and EXCEPT compare rows of different people.",
        "Use UNION ALL, or EXISTS on the subject's key.",
    ),
    "limit-below-refused": (
        "LIMIT below the total would choose some people's rows over others'.",
        "Put LIMIT on the outermost SELECT.",
    ),
    "group-key-interval": (
        "A group key is an interval, which has no fixed length.",
        "Group by a number: EXTRACT or DATE_DIFF count days or months.",
    ),
    "grouping-sets-refused": (
        "ROLLUP, CUBE and GROUPING SETS are not answered privately.",
        "Ask one question for each grouping.",
    ),
    "distinct-across-people": (
        "DISTINCT below the total merges rows of different people.",
        "Add the subject's key to the SELECT list, or use COUNT(DISTINCT ...) on it.",
    ),
    "window-across-people": (
        "A window below the total looks across people.",
        "Add `PARTITION BY` the subject's key, or rank the released groups.",
    ),
    "aggregate-not-private": (
        "`{name}` over many people can be one person's value.",
        "COUNT, SUM, AVG, VARIANCE, STDDEV, MEDIAN and quantiles can be answered. Within one person's rows any may "
        "stand: in a CTE grouped by the subject's key.",
    ),
    "distinct-not-subject": (
        "`{name}` counts what is no single value.",
        "Count the distinct values of one column: COUNT(DISTINCT x).",
    ),
    "spread-not-of-a-column": (
        "`{name}` is not taken of a column as it is, so no range is known for its values.",
        "Take it of the column alone, with a FILTER or WHERE for conditions, and work on the released figure.",
    ),
    "values-without-range": (
        "No range of values is declared for `{name}`, and a spread or quantile needs one.",
        "Columns with a range: {known}. Ask the privacy officer to declare `values: [least, largest]` with its bound.",
    ),
    "spread-too-wide": (
        "`{name}` is over so wide a range of values that the sum of squares could overflow.",
        "Ask the privacy officer for a narrower range, or ask for a quantile.",
    ),
    "quantile-not-literal": (
        "A quantile needs its share written out, with four decimal places at most.",
        "Write it as a number between 0 and 1, e.g. QUANTILE_CONT(x, 0.9); ask for several one by one.",
    ),
    "sum-not-a-number": (
        "`{name}` adds up values that are no numbers.",
        "Cast them, e.g. CAST(x AS DOUBLE), or count.",
    ),
    "sum-without-bound": (
        "No bound is declared for `{name}`, so one person's influence on the sum is not limited.",
        "Columns with a bound: {known}. Ask the privacy officer to declare one, or count instead.",
    ),
    "column-not-grouped": (
        "`{name}` is neither grouped by nor inside an aggregate.",
        "Add it to GROUP BY, or aggregate it.",
    ),
    "scalar-over-people": (
        "`{name}` is applied to a subquery over people's rows and could raise an error that tells about one.",
        "Compute it inside the subquery.",
    ),
    "types-differ": (
        "`{name}` compares or combines values whose types differ or are not known.",
        "Write CAST(... AS type) around them.",
    ),
    "argument-not-literal": (
        "`{name}` takes plain numbers only, written out.",
        "Write a whole number, and RANGE frames without one.",
    ),
    "unit-unknown": (
        "`{name}` is no part of a date.",
        "Use year, quarter, month, week, day, hour, minute or second, written out; for EXTRACT also dow, doy or epoch.",
    ),
    "output-recheck": (
        "The governed form of this question did not pass its own check.",
        "Write it more simply; please report it, without data.",
    ),
    "built-columns": (
        "The question of `{dataset}` gives the columns {got}; the policy declares {allowed}.",
        "Name the columns in the question (AS), each once, as the policy does.",
    ),
    "built-undeclared": (
        "The question reads `{column}`, of which the table is not said to be made.",
        "Add it to `reads`: by these columns it is decided which purposes may read the table.",
    ),
    "built-key": (
        "`{column}` does not hold the key of the one person that each row is about.",
        "Select the subject's own key column, and group by it where rows are added up.",
    ),
    "built-oldest": (
        "`{column}` is not known to hold the time of the oldest row of {datasets} that a row is made of.",
        "Give MIN of that dataset's time column there (LEAST of several), for rows that are used only for so long.",
    ),
    "epsilon-out-of-range": (
        "ε {got} was asked; the purpose `{purpose}` allows up to {allowed} a question.",
        "Ask with a smaller --epsilon.",
    ),
    "exact-not-declared": (
        "No exact figure may leave for the purpose `{purpose}`.",
        "Ask for private figures with `pellucid query`; or the policy declares `suppressed` for the purpose.",
    ),
    "dataset-private-only": (
        "No exact figure may be made from `{dataset}`.",
        "Ask for private figures with `pellucid query`, or leave the dataset out.",
    ),
    "exact-parameter": (
        "An approved insight has no parameters, and this SQL has `${name}`.",
        "Write the value out, and propose one insight for each value.",
    ),
    "exact-one-block": (
        "The SQL makes several totals from people's rows (several SELECTs with aggregates); differences between them "
        "would have to be judged too.",
        "Write one SELECT with one GROUP BY, and propose the other total as an insight of its own.",
    ),
    "exact-nobody": (
        "The SQL makes no total from anybody's rows.",
        "Ask for public tables with `pellucid query`.",
    ),
    "exact-aggregate": (
        "`{name}` cannot leave exactly: it may be one person's value.",
        "COUNT, COUNT(DISTINCT column), SUM, AVG, VARIANCE and STDDEV can.",
    ),
    "exact-constant-added": (
        "`{name}` adds a constant to a column, which hides who contributes nothing.",
        "Write SUM(x) + c * COUNT(x) for SUM(x + c), and AVG(x) + c for AVG(x + c).",
    ),
    "exact-measure-form": (
        "`{name}` is neither a column, a column times a number, nor a sum or difference of columns.",
        "Aggregate plain columns and compute with the totals; choose rows by CASE WHEN, FILTER or WHERE.",
    ),
    "exact-condition-below": (
        "`{name}` was computed with a condition below a total of each person, a UNION or a subquery, where it cannot "
        "be seen who meets it.",
        "Write the condition into the measure, e.g. SUM(CASE WHEN ... END), or into WHERE.",
    ),
    "exact-too-many-conditions": (
        "The measures hold {got} conditions; {allowed} are allowed, since each combination needs people enough.",
        "Use fewer conditions, or group by them.",
    ),
    "exact-too-many-measures": (
        "The SQL needs {got} measures; {allowed} are allowed, since each difference between them is judged.",
        "Ask for fewer figures in one insight.",
    ),
    "too-many-cells": (
        "The public groups have {got} cells; {allowed} are allowed.",
        "Group by fewer or coarser keys, or narrow them in WHERE.",
    ),
}
"""code -> (sentence for staff, remedy)."""
