"""The worked example, told by the very commands it prints: each step runs `pellucid ...` as its own process, and the
story fails if a step's numbers do not change as it says. The data are SIMULATED (The Complete Journey).

Nothing here reaches around the product but `true_spend`, which reads the raw file and is marked as what nobody may see.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
import time
from datetime import datetime
from pathlib import Path

from pellucid.demo.centre import BY_INCOME, start, tell_centre, tell_links
from pellucid.demo.data import POLICY, DemoData, prepare
from pellucid.demo.law import tell_law
from pellucid.demo.reading import demand, errors_of, number_after, spent_of, values_of
from pellucid.demo.rights import tell_rights
from pellucid.demo.telling import Teller, say

VICTIM = "101"
"""The one household of 801 with this income, age, size and marital status."""

TABLES = ("products", "households", "transactions", "demographics", "campaigns", "coupon_redemptions")
BY_DEPARTMENT = """SELECT p.department, COUNT(DISTINCT t.household_id) AS households
FROM transactions t JOIN products p USING (product_id)
GROUP BY p.department ORDER BY households DESC LIMIT 8"""
BY_MONTH = """SELECT p.department, COUNT(*) AS lines
FROM transactions t JOIN products p USING (product_id)
WHERE t.transaction_timestamp >= DATE '2017-12-01' AND t.transaction_timestamp < DATE '2018-01-01'
GROUP BY p.department ORDER BY lines DESC LIMIT 5"""
SALES = """SELECT p.department, SUM(t.sales_value) AS sales
FROM transactions t JOIN products p USING (product_id)
GROUP BY p.department ORDER BY sales DESC LIMIT 5"""
INSIGHTS = {
    "departments": (
        "range-planning",
        """SELECT p.department, COUNT(DISTINCT t.household_id) AS households, SUM(t.sales_value) AS sales
FROM transactions t JOIN products p USING (product_id)
GROUP BY p.department ORDER BY sales DESC""",
    ),
    "brands": (
        "range-planning",
        """SELECT p.department, p.brand, COUNT(*) AS lines, SUM(t.sales_value) AS sales
FROM transactions t JOIN products p USING (product_id) GROUP BY ALL ORDER BY 1, 2""",
    ),
    "weeks": (
        "service-improvement",
        """SELECT t.week, COUNT(DISTINCT t.basket_id) AS visits, AVG(t.quantity) AS pieces, STDDEV(t.quantity) AS spread
FROM transactions t GROUP BY t.week ORDER BY t.week""",
    ),
}
"""Insights whose exact figures leave: the purpose, and the SQL that a second person approves."""
ATTACK = """SELECT SUM(CASE WHEN income = 'Under 15K' AND age = '45-54' AND household_size = '4'
  AND marital_status = 'Married' THEN sales_value END) AS spend
FROM transactions JOIN demographics USING (household_id)"""


def put_policy(folder: Path) -> None:
    """Copy the grocer's policy into a policy folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(POLICY.glob("*.yaml")):
        shutil.copyfile(source, folder / source.name)


def tell(folder: Path | None, minutes: float) -> None:
    """Tell the story in a folder and leave its pages running for some minutes.

    Without a folder it is a temporary one, removed when they end. Raises DemoFailed if a step fails.
    """
    began = time.monotonic()
    place = folder if folder is not None else Path(tempfile.mkdtemp(prefix="pellucid-demo-"))
    running = None
    try:
        story = _Story(place)
        story.tell()
        running = start(story, minutes, remove=folder is None)
        tell_centre(story, running)
        story.budget()
        print(f"\nEvery step did what it said, in {time.monotonic() - began:.0f} seconds.")
        tell_links(story, running)
    except BaseException:
        if running is not None:
            os.kill(running.process, signal.SIGTERM)
        elif folder is None:
            shutil.rmtree(place, ignore_errors=True)
        raise


class _Story(Teller):
    """The steps, in order. Each prints what it is about, runs its commands, and checks what they said."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.witness = folder / "witness"

    def tell(self) -> None:
        """Run every step but the last ones, for which its pages are served."""
        say("A grocer's customers, SIMULATED data (The Complete Journey): 2,469 households, 1.47 million purchases.")
        say(f"Each command runs as it is printed, in {self.folder}, after: export PELLUCID_WORKSPACE=grocer")
        data = prepare(self.folder / "files")
        self.set_up(data)
        self.insight()
        self.errors(data)
        self.purpose()
        self.exactly()
        self.refusal()
        self.attack(data)
        self.withdrawal()
        self.gains()
        self.log()
        self.verification()
        tell_law(self)
        tell_rights(self)

    def set_up(self, data: DemoData) -> None:
        """Make the workspace, put the policy into force, bring data and choices in."""
        self.step("A workspace, its policy, its data, and what 2,469 households said")
        self.run("init", self.here(self.workspace), "--example", "--origin", "grocer/log")
        self.run("policy", "check")
        self.run("policy", "activate", "--as", "pia")
        for table in TABLES:
            self.run("data", "add", table, self.here(getattr(data, table)), "--as", "dan")
        said = self.run("consent", "import", self.here(data.consents), "--as", "pia")
        demand(number_after("Recorded", said) > 2000, "the households' choices were recorded")

    def insight(self) -> None:
        """Ask for an insight, with its error and its cost."""
        self.step("Ana, an analyst, asks which departments most households buy in, for planning the range")
        self.run("query", BY_DEPARTMENT, "-p", "range-planning", "--as", "ana", "--preview")
        text = self.ask(BY_DEPARTMENT, "range-planning", "ana")
        values, errors = values_of(text), errors_of(text)
        demand(len(values) == 8 and values == sorted(values, reverse=True), "eight departments came back in order")
        demand(all(0 < error < value / 5 for value, error in zip(values, errors, strict=True)), "the errors are small")

    def errors(self, data: DemoData) -> None:
        """Ask what noise suits and what it does not, beside the truth; show an answer again; say what it cost."""
        self.step("How exact is it? A month's purchases, bounded by a stored rank, beside the truth")
        left = ("budget", "show", "--as", "ana")
        before = self.run(*left, lines=0, shown=False)
        text = self.ask(BY_MONTH, "range-planning", "ana")
        (first, *_), (error, *_) = values_of(text), errors_of(text)
        true = true_lines(data)
        say(
            f"DEMO ONLY, computed outside pellucid from the raw file; no user can see it: GROCERY has {true:,} lines. "
            "Households who said no, and goods that reveal health, are not in the answer."
        )
        demand("Bounded by rank" in text and error < true / 20, "the rank bounds it, and the error is small")
        demand(0.7 * true - 3 * error < first < true + 3 * error, "the answer is near the truth")
        say("The same question again is the same answer, at no loss:")
        again = self.ask(BY_MONTH, "range-planning", "ana")
        demand("shown again at no loss" in again and values_of(again) == values_of(text), "it is shown again")
        say("Sums of money: the norm that a household's sales are bounded by is drawn privately first, and paid for.")
        sums = self.ask(SALES, "range-planning", "ana")
        demand("Norms, drawn privately" in sums and "It took at most" in sums, "the norm and the bias are told")
        after = self.run(*left)
        demand(after != before, "the budget is less by what the answers cost")

    def gains(self) -> None:
        """Let the officer attack what left so far."""
        self.step("What could somebody learn from all that left? The officer attacks it, inside; nobody is named")
        text = self.run("attack", "--as", "pia")
        demand("beyond" not in text.lower() or "0 beyond" in text, "no attack gained more than was promised")

    def purpose(self) -> None:
        """Explain what the purpose may do, in plain words."""
        self.step("Why may she? The policy says so, in plain words (the beginning of it)")
        text = self.run("policy", "explain", "range-planning", lines=16)
        demand("object" in text, "the explanation says what customers can do")

    def exactly(self) -> None:
        """Let exact figures leave, once a second person approved the SQL."""
        self.step("Suppliers count pieces, and a noisy count is none: exact figures, which a second person approves")
        shown = {}
        for name, (purpose, sql) in INSIGHTS.items():
            lines = None if name == "departments" else 0
            told = self.run("insight", "propose", name, "-p", purpose, "--as", "ana", "--sql", sql, lines=lines)
            demand(" held" in told and "broken" not in told, "no attack on the exact answer told of too few people")
            (shown[name],) = re.findall(r"(?m)^Fingerprint: ([0-9a-f]{64})$", told)
        approve = ("insight", "approve")
        self.run(*approve, "departments", "--fingerprint", shown["departments"], "--as", "ana", code=3)
        for name in INSIGHTS:
            self.run(*approve, name, "--fingerprint", shown[name], "--as", "pia")
        text = self.run("insight", "run", "departments", "--as", "ana")
        demand("too-few-people" in text and "complement" in text, "small departments are withheld, and what hides them")

    def refusal(self) -> None:
        """Ask what the purpose does not cover."""
        self.step("What range planning does not need, it may not see: the refusal names the way that is open")
        text = self.run("query", BY_INCOME, "-p", "range-planning", "--as", "mara", code=3)
        demand(
            "[column-not-permitted]" in text and "loyalty-offers" in text, "the refusal names the column and a remedy"
        )

    def attack(self, data: DemoData) -> None:
        """Ask about one household in the shape of a total."""
        self.step(
            f"An attack: a total that is one household's spend. Household {VICTIM} first agrees, so it is in the data"
        )
        self.run("consent", "give", VICTIM, "-p", "loyalty-offers", "--covers", "held-data", "--as", "pia")
        true = true_spend(data)
        say(f"DEMO ONLY, computed outside pellucid from the raw file; no user can see it: the truth is {true:,.2f}.")
        first, second = (self.ask(ATTACK, "loyalty-offers", "mara", "--epsilon", "0.5") for _ in range(2))
        demand(spent_of(second) > spent_of(first), "asking twice costs twice: noise cannot be averaged away for free")
        demand(errors_of(first)[0] > 5 * true, "the stated error is many times the figure that was fished for")
        say("The noise is many times the figure: the answer says nothing of the household.")

    def withdrawal(self) -> None:
        """Let one household withdraw: the next answer no longer holds its rows."""
        self.step(f"Household {VICTIM} withdraws. Before: why it is used, who is covered, and an answer")
        why = ("consent", "why", VICTIM, "-p", "loyalty-offers", "--as", "pia")
        band = ("consent", "coverage", "demographics", "-p", "loyalty-offers", "--as", "mara")
        exact = ("consent", "coverage", "demographics", "-p", "loyalty-offers", "--exact", "--as", "pia")
        demand(self.run(*why).startswith("Permitted."), "the household may be used before")
        band_before, exact_before = self.run(*band), number_after("demographics:", self.run(*exact))
        before = self.ask(BY_INCOME, "loyalty-offers", "mara", "--epsilon", "0.5")
        self.run("consent", "withdraw", VICTIM, "-p", "loyalty-offers", "--as", "pia")
        say("After: the decision, the officer's exact count one lower, the analyst's band unmoved, a new stamp.")
        demand(self.run(*why).startswith("Not permitted."), "the household may not be used after")
        exact_after = number_after("demographics:", self.run(*exact))
        demand(exact_after == exact_before - 1, "the officer's exact count is one lower")
        demand(self.run(*band) == band_before, "the analyst's band has not moved")
        after = self.ask(BY_INCOME, "loyalty-offers", "mara", "--epsilon", "0.5")
        demand(
            number_after("register", after) == number_after("register", before) + 1, "the stamp's register is one on"
        )

    def log(self) -> None:
        """Show what the log holds."""
        self.step("What the log holds of all this: who, what, for which purpose, how it ended; no literals, no names")
        self.run("audit", "log", "--last", "10", "--as", "pia")
        raw = self.run("audit", "log", "--json", "--as", "pia", lines=0, shown=False)
        demand("Under 15K" not in raw and f'"{VICTIM}"' not in raw, "the log holds neither literals nor keys of people")
        demand('"query.refused"' in raw and '"consent.withdraw"' in raw, "the log holds the refusal and the withdrawal")

    def verification(self) -> None:
        """Have the log witnessed, exported and verified offline; flip one byte."""
        self.step("Anybody can verify it offline: a witness elsewhere cosigns, an auditor is given the key apart")
        key = self.here(self.workspace / "keys" / "log.key.pub")
        self.run("witness", "init", self.here(self.witness), "--name", "auditor/witness", "--log-key", key)
        self.run("audit", "checkpoint", "--as", "pia")
        self.run("witness", "cosign", self.here(self.witness), "--as", "wim")
        bundle = self.folder / "bundle"
        self.run("audit", "export", self.here(bundle), "--as", "pia")
        witness_key = self.here(self.witness / "witness.key.pub")
        keys = ("--key", key, "--witness-key", witness_key)
        text = self.run("audit", "verify", self.here(bundle), *keys)
        demand(text.rstrip().endswith("The log holds."), "the exported log verifies")
        forged = flip_a_byte(bundle, self.folder / "forged")
        say("Now one bit of one byte of a copy is flipped:")
        text = self.run("audit", "verify", self.here(forged), *keys, code=7)
        demand("failed" in text, "the flipped byte is found")

    def budget(self) -> None:
        """Show what was spent, and what happens at the end of it."""
        self.step("The budget: losses of all purposes add up on each household, and when they are spent, it is over")
        self.run("budget", "show", "--as", "mara")
        for _ in range(20):
            done = self.command("query", BY_INCOME, "-p", "loyalty-offers", "--as", "mara", "--epsilon", "2")
            if done.returncode == 4:
                break
        say("After some more questions by mara, one more is too many:")
        text = self.run("query", BY_INCOME, "-p", "loyalty-offers", "--as", "mara", "--epsilon", "2", code=4)
        demand("[budget-exhausted]" in text, "the budget ends")


def true_spend(data: DemoData) -> float:
    """DEMO ONLY: one household's spend, read from the raw file beside the product, to show what must not get out."""
    import pyarrow.compute as pc  # noqa: PLC0415  -- slow
    import pyarrow.parquet as pq  # noqa: PLC0415

    rows = pq.read_table(data.transactions, columns=["sales_value"], filters=[("household_id", "=", VICTIM)])
    return float(pc.sum(rows["sales_value"]).as_py())


def true_lines(data: DemoData) -> int:
    """DEMO ONLY: lines of GROCERY in December 2017, of everybody, counted in the raw files beside the product."""
    import pyarrow.compute as pc  # noqa: PLC0415  -- slow
    import pyarrow.parquet as pq  # noqa: PLC0415

    grocery = pq.read_table(data.products, columns=["product_id"], filters=[("department", "=", "GROCERY")])
    since, until = datetime(2017, 12, 1), datetime(2018, 1, 1)
    when = [("transaction_timestamp", ">=", since), ("transaction_timestamp", "<", until)]
    rows = pq.read_table(data.transactions, columns=["product_id"], filters=when)
    return int(pc.sum(pc.is_in(rows["product_id"], value_set=grocery["product_id"].combine_chunks())).as_py())


def flip_a_byte(bundle: Path, forged: Path) -> Path:
    """Copy an exported log with the lowest bit of one byte in the middle of its entries flipped."""
    shutil.copytree(bundle, forged)
    entries = max(forged.iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(entries.read_bytes())
    content[len(content) // 2] ^= 1
    entries.write_bytes(content)
    return forged
