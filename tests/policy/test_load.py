"""A folder becomes a policy, or every finding at once; whatever stands in it, loading does not crash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.policy.load import load_folder
from pellucid.policy.model import Bound, ColumnType, Hop, Mask, MaskKind, SubjectPath

from .conftest import SOUND, Load, place_of, placed

BROKEN = """\
controler: {name: Grocer}
regimes:
  eu: {title: the GDPR, jurisdictions: DE}
purposes:
  range-planning:
    titel: Decide
    notice: {version: 2026, text: We count.}
    basis: {eu: {basis: interest, default: opt_out}}
    unknown: {place: eu, age: adult}
    categories: []
    roles: *everybody
    release: private
  range-planning: {title: Again}
datasets:
  orphans:
    title: Nobody's
    columns:
      price: {type: money, category: user.financial.purchase}
"""


def test_a_sound_folder_becomes_a_policy(sound) -> None:
    assert sorted(sound.purposes) == ["loyalty-offers", "range-planning"]
    transactions = sound.datasets["transactions"]
    hop = Hop("basket_id", "baskets", "basket_id")
    assert transactions.subjects == (SubjectPath("household", "household_id", (hop,)),)
    assert transactions.columns["bought"].mask == Mask(MaskKind.MONTH, 0, ("loyalty-offers",))
    assert transactions.columns["sales_value"].type is ColumnType.MONEY
    assert list(transactions.columns) == ["bought", "basket_id", "product_id", "quantity", "sales_value"]
    release = sound.purposes["range-planning"].release
    assert release.columns == {"quantity": Bound("300", None, "-10"), "sales_value": Bound(None, "4000.50", "0")}
    assert sound.regimes["eu"].jurisdictions == ("DE", "NO")


def test_norway_is_not_false_and_an_exponent_is_a_number(load: Load) -> None:
    result = load(policy=SOUND.replace('"NO"', "NO").replace("1e-6", "1E-6"))

    assert result.policy is not None
    assert result.policy.regimes["eu"].jurisdictions == ("DE", "NO")
    assert result.policy.namespaces["household"].cap.delta == 1e-6


def test_the_version_is_that_of_the_content_however_it_is_spread_over_files(load: Load, tmp_path: Path) -> None:
    whole = load(policy=SOUND)
    cut = SOUND.index("datasets:")
    (tmp_path / "policy.yaml").write_text(SOUND[:cut])
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "data.yml").write_text(SOUND[cut:] + "# nothing new\n")

    spread = load_folder(tmp_path)

    assert whole.policy == spread.policy
    assert len(spread.sources) == 2


def test_every_finding_of_every_file_is_reported_at_once_where_it_stands(load: Load) -> None:
    rest = SOUND[SOUND.index("namespaces:") : SOUND.index("purposes:")]

    result = load(broken=BROKEN, rest=rest, text="just text", half="people: {pia: {title: P")

    half = ("half.yaml", 2, 1, "not-yaml")
    expected = [
        ("controler", "unknown-key"),
        ("jurisdictions: DE", "wrong-type"),
        ("range-planning:\n    titel", "missing-key"),
        ("titel", "unknown-key"),
        ("version: 2026", "wrong-type"),
        ("basis: interest", "wrong-value"),
        ("categories: []", "empty"),
        ("*everybody", "alias"),
        ("release: private", "wrong-type"),
        ("range-planning: {title: Again}", "duplicate-key"),
        ("orphans", "contradiction"),
        ("price", "contradiction"),
    ]
    assert result.policy is None
    found = {placed(finding) for finding in result.findings}
    at_file = {place for place in found if place[0] == "broken.yaml"}
    assert at_file == {("broken.yaml", *place_of(BROKEN, marker), code) for marker, code in expected}
    missing = [
        finding.message
        for finding in result.findings
        if finding.path.endswith("broken.yaml") and "is missing" in finding.message
    ]
    assert missing == ["`description` is missing.", "`title` is missing."]
    assert found - at_file == {half, ("text.yaml", 1, 1, "wrong-type"), (result_folder(result), 1, 1, "missing-key")}
    assert [finding for finding in result.findings if not finding.remedy] == []


def result_folder(result) -> str:
    """Return the folder's own name, where findings about no file stand."""
    return Path(next(iter(result.sources))).parent.name


def test_a_misspelt_key_is_suggested(load: Load) -> None:
    result = load(
        policy=SOUND.replace("    max_groups: 1\n", "    max_group: 1\n").replace("recipients:\n", "recipient:\n")
    )

    said = {finding.code: str(finding).split(": error ")[1] for finding in result.findings if "key" in finding.code}
    assert said["unknown-key"].endswith("Did you mean `max_groups`?") or said["unknown-key"].endswith("`recipients`?")
    assert said["missing-key"].startswith("[missing-key] `max_groups` is missing. Add `max_groups`: Most groups")


def test_a_name_declared_in_two_files_is_found(load: Load) -> None:
    result = load(a=SOUND, b="people:\n  ana: {title: Another, roles: []}\n")

    assert [placed(finding) for finding in result.findings] == [("b.yaml", 2, 3, "declared-twice")]
    assert result.findings[0].remedy.endswith("a.yaml:14 already: keep one of the two.")


def test_an_unquoted_number_where_text_belongs_says_to_quote_it(load: Load) -> None:
    broken = SOUND.replace('version: "1"', "version: 1")
    result = load(policy=broken)

    assert [placed(finding)[1:] for finding in result.findings] == [(*place_of(broken, "version: 1,"), "wrong-type")]
    assert result.findings[0].message == "Got `1` (a number), where a text belongs."
    assert result.findings[0].remedy == "Quote it to make it a text."


def test_money_without_decimal_places_is_refused(load: Load) -> None:
    broken = SOUND.replace("type: money, scale: 2,", "type: money,")
    result = load(policy=broken)

    assert [placed(finding)[1:] for finding in result.findings] == [
        (*place_of(broken, "sales_value: {t"), "contradiction")
    ]


def test_a_table_about_people_without_subjects_is_refused(load: Load) -> None:
    broken = SOUND.replace("    subjects: [{namespace: household, column: household_id}]\n    facts", "    facts")
    result = load(policy=broken)

    assert [finding.message for finding in result.findings] == ["A dataset about people needs `subjects`."]
    assert placed(result.findings[0])[1:3] == place_of(broken, "members")


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (b"a: 1\nb: \xff\n", "not-utf-8", 2, 4),
        (b"\xff\xfea\x00", "not-utf-8", 1, 1),
        (b"a: 1\nb: \x00\n", "not-yaml", 2, 4),
        (b"a: [1\n", "not-yaml", 2, 1),
        (b"a: &x 1\nb: *x\n", "alias", 2, 4),
        (b"people: !!python/object/apply:os.system [ls]\n", "tag", 1, 9),
        (b"people: {}\n---\npeople: {}\n", "second-document", 2, 1),
        (b"? [a]\n: 1\n", "key-not-text", 1, 3),
        (b'people: "\\ud800"\n', "not-yaml", 1, 12),
        (b"[" * 100, "too-deep", 1, 22),
        (b"a: " + b"x" * 1_000_001, "too-long", 1, 1),
        (b"people: 3\n", "wrong-type", 1, 1),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_bad_file_is_a_finding(load: Load, content: bytes, code: str, line: int, column: int) -> None:
    result = load(bad=content)

    assert ("bad.yaml", line, column, code) in [placed(finding) for finding in result.findings]
    assert result.policy is None


def test_a_file_deeper_than_the_parser_goes_is_too_deep_as_well(load: Load) -> None:
    result = load(bad=b"[" * 100_000)
    assert [placed(found)[3] for found in result.findings if placed(found)[0] == "bad.yaml"] == ["too-deep"]


def test_an_alias_bomb_costs_nothing(load: Load) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 200))

    result = load(bomb=bomb)

    assert sum(finding.code == "alias" for finding in result.findings) == 398


def test_a_file_with_a_byte_order_mark_is_read(load: Load) -> None:
    assert load(policy=b"\xef\xbb\xbf" + SOUND.encode()).findings == ()


def test_an_empty_file_adds_nothing(load: Load) -> None:
    assert load(policy=SOUND, empty="", comments="# nothing here\n").findings == ()


def test_links_that_lead_out_of_the_folder_are_not_followed(load: Load, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("people: {mallory: {title: M, roles: [privacy-officer]}}")
    (tmp_path / "linked.yaml").symlink_to(outside / "secret.yaml")
    (tmp_path / "folder").symlink_to(outside)
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nothing")

    result = load(policy=SOUND)

    found = {placed(finding) for finding in result.findings}
    assert found == {
        ("linked.yaml", 1, 1, "link"),
        ("folder", 1, 1, "link"),
        ("gone.yaml", 1, 1, "unreadable"),
    }


def test_what_is_no_regular_file_is_not_opened(load: Load, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")

    assert [placed(finding) for finding in load(policy=SOUND).findings] == [("pipe.yaml", 1, 1, "unreadable")]


def test_a_missing_and_an_empty_folder_are_findings(tmp_path: Path) -> None:
    assert [finding.code for finding in load_folder(tmp_path / "nowhere").findings] == ["no-folder"]
    assert [finding.code for finding in load_folder(tmp_path).findings] == ["no-files"]
    assert load_folder(tmp_path).policy is None


def test_hidden_files_are_not_read(load: Load, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text("[")
    (tmp_path / ".draft.yaml").write_text("[")

    assert load(policy=SOUND).findings == ()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, len(SOUND) - 1),
    st.sampled_from(["", ":", "[", "{", "- ", "*x", "\n", "\t", "1", "null", '"', "é", "!", "\x07"]),
)
def test_no_single_change_makes_loading_crash(tmp_path: Path, at: int, inserted: str) -> None:
    (tmp_path / "policy.yaml").write_text(SOUND[:at] + inserted + SOUND[at + 1 :])

    result = load_folder(tmp_path)

    failed = any(finding.severity == "error" for finding in result.findings)
    assert (result.policy is None) == failed
    assert all(finding.line >= 1 and finding.column >= 1 for finding in result.findings)


def test_loading_does_not_import_engines_or_sqlglot() -> None:
    heavy = ("duckdb", "sqlglot", "sqlalchemy", "pyarrow")
    program = f"import sys, pellucid.policy.load; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
