"""What was concluded about a person is shown with its why, as far as that is known, and can be contested."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.records.rights_tables import rights_requests
from tests.web.pages.test_data import known_better
from tests.web.visitors import POLICY, Grocer

HOME = "/privacy/inferences"
MORE = """\
  habits:
    title: What each household buys
    subjects: [{namespace: household, column: household_id}]
    time: oldest
    retention_days: 1095
    built:
      purpose: planning
      sql: "SELECT household_id, MIN(bought) AS oldest, COUNT(*) AS pieces FROM purchases GROUP BY household_id"
      reads: [purchases.bought, purchases.product]
    columns:
      household_id: {type: text, category: user.unique_id}
      oldest: {type: timestamp, category: user.behavior.purchase_history}
      pieces: {type: integer, category: user.behavior.purchase_history, title: Pieces bought}
  scores:
    title: Scores
    source: a company that guesses
    key: [household_id]
    subjects: [{namespace: household, column: household_id}]
    facts: {birth_year: born, estimated: [birth_year]}
    columns:
      household_id: {type: text, category: user.unique_id, nullable: false}
      segment: {type: text, category: user.inferred}
      born: {type: integer, category: user.demographic.date_of_birth}
"""


@pytest.fixture
def concluded(grocer: Grocer, tmp_path: Path) -> Grocer:
    """The grocer once a table was built of purchases, and scores were bought."""
    workspace, pia = grocer.workspace, grocer.workspace.actor("pia")
    text = POLICY.replace("may: [query, preview,", "may: [query, preview, data-build,")
    text = text.replace("categories: [user.beh", "categories: [user.unique_id, user.beh")
    text = text.replace("    consent_days: 365\n", "    consent_days: 365\n    kinds: [profiling]\n")
    (workspace.folder / "policy" / "policy.yaml").write_text(text + MORE)
    workspace.policy.activate(actor=pia)
    rows = tmp_path / "scores.csv"
    rows.write_text("household_id,segment,born\nh0001,bargain hunter,1980\n")
    workspace.data.add("scores", rows, actor=pia)
    workspace.derived.build("habits", actor=workspace.actor("ana"))
    return grocer


def panels(text: str) -> dict[str, str]:
    """Return what each panel says, by its heading."""
    found = {}
    for panel in re.findall(r'<section class="panel" aria-labelledby="about-.*?</section>', text, re.DOTALL):
        words = " ".join(re.sub(r"<[^>]+>", " ", panel).split())
        heading = re.search(r"<h3[^>]*>([^<]+)", panel)
        assert heading is not None
        found[heading.group(1)] = words
    return found


def test_where_nothing_was_concluded_it_is_said(grocer: Grocer) -> None:
    words = grocer.known().get(HOME).words

    assert words.count("There is nothing: no data that we hold are declared to be worked out about you.") == 1
    assert words.count("There is no estimate.") == 1
    assert words.count("No use of your data is declared to form a picture of you, or to decide about you.") == 1


def test_a_built_table_tells_what_it_says_of_what_it_was_made_and_for_what(concluded: Grocer) -> None:
    told = panels(concluded.known().get(HOME).text)["What each household buys"]

    assert told.count("Pieces bought (purchases) 1") == 1
    assert told.count("Made of Purchases (bought and product)") == 1
    assert told.count("Made for In use Decide what our shops carry (our legitimate interests)") == 1
    assert told.count("Say no to the use that it is made for") == 1


def test_a_bought_conclusion_tells_no_more_than_is_recorded(concluded: Grocer) -> None:
    told = panels(concluded.known().get(HOME).text)["Scores"]

    assert told.count("segment (conclusions drawn about a person) bargain hunter") == 1
    assert told.count("Made of not recorded here; it comes from: a company that guesses") == 1
    assert told.count("Worked out on when and how is not recorded here") == 1
    assert told.count("Made for") == 0


def test_an_estimate_tells_from_which_data_it_is(concluded: Grocer) -> None:
    words = concluded.known().get(HOME).words

    assert words.count("year of birth (Household: h0001) 1980 estimated from: Scores (born)") == 1


def test_a_question_that_is_asked_otherwise_since_tells_only_the_data_that_were_read(concluded: Grocer) -> None:
    workspace, policy = concluded.workspace, concluded.workspace.folder / "policy" / "policy.yaml"
    policy.write_text(policy.read_text().replace("COUNT(*) AS pieces", "COUNT(*) + 1 AS pieces"))
    workspace.policy.activate(actor=workspace.actor("pia"))
    told = panels(concluded.known().get(HOME).text)["What each household buys"]

    assert told.count("Made of Purchases Worked out on") == 1
    assert told.count("Made for") == 0


def test_of_somebody_about_whom_nothing_was_concluded_nothing_is_shown(concluded: Grocer) -> None:
    assert list(panels(concluded.known("h0003").get(HOME).text)) == ["What each household buys"]
    assert concluded.known("h0002").get(HOME).words.count("bargain hunter") == 0


def test_a_conclusion_is_corrected_like_any_value(concluded: Grocer) -> None:
    browser, row = concluded.known(), "/privacy/data/scores/1/0"
    made = browser.submit(row, row, column="segment", value="careful")

    assert made.place.partition("?")[2] == "told=filed"
    assert browser.get(row).words.count("conclusions drawn about a person · a conclusion or an estimate") == 1


def test_each_look_at_conclusions_is_logged(concluded: Grocer) -> None:
    before = len(concluded.actions())
    concluded.known().get(HOME)

    assert [entry["body"]["dataset"] for entry in concluded.entries()[before:]] == ["habits", "scores"]


def test_uses_that_profile_are_told_and_a_person_is_asked_to_look_again(concluded: Grocer) -> None:
    browser = concluded.known()
    assert browser.get(HOME).words.count("it forms a picture of you") == 1
    made = browser.submit(
        HOME, f"{HOME}/review", decision="I got no voucher.", statement="I shop here daily.", purpose="offers"
    )
    with concluded.workspace.room.database.read() as connection:
        (asked,) = connection.execute(select(rights_requests.c.right, rights_requests.c.asked)).all()

    assert made.place.partition("?")[2] == "told=filed"
    assert (asked.right, json.loads(asked.asked)) == (
        "human-review",
        {"purposes": ["offers"], "decision": "I got no voucher.", "statement": "I shop here daily."},
    )


@pytest.mark.parametrize(("decision", "purpose", "status"), [(" ", "", 422), ("x", "nothing", 404)])
def test_what_does_not_say_which_decision_is_meant_is_not_filed(
    grocer: Grocer, decision: str, purpose: str, status: int
) -> None:
    assert grocer.known().submit(HOME, f"{HOME}/review", decision=decision, purpose=purpose).status == status


def test_what_may_be_sensitive_is_told_by_kind_and_shown_to_whoever_is_known_better(concluded: Grocer) -> None:
    workspace, policy = concluded.workspace, concluded.workspace.folder / "policy" / "policy.yaml"
    scores = "    facts: {birth_year: born, estimated"
    sensitive = "    sensitive_when: [{column: segment, values: [bargain hunter], reveals: health}]\n"
    policy.write_text(policy.read_text().replace(scores, sensitive + scores))
    workspace.policy.activate(actor=workspace.actor("pia"))
    told = [panels(browser.get(HOME).text)["Scores"] for browser in (concluded.known(), known_better(concluded))]

    assert [each.count("shown once you have shown better who you are") for each in told] == [2, 0]
    assert [each.count("bargain hunter sensitive: health") for each in told] == [0, 1]
