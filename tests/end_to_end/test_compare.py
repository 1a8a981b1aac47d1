"""`pellucid policy compare` as people and continuous integration see it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from pellucid.errors import InputInvalid, NameUnknown
from pellucid.workspace import Workspace
from tests.end_to_end.conftest import Run
from tests.shop import EXAMPLE, Shop


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    """A copy of the example's policy in which the newsletter asks nobody and questions may cost more."""
    folder = tmp_path / "drafts"
    shutil.copytree(EXAMPLE / "policy", folder)
    (path,) = folder.glob("*.yaml")
    text = path.read_text()
    wider = text.replace("{basis: consent, default: opt_in}", "{basis: legitimate_interests, default: opt_out}")
    wider = wider.replace("title: Writing a newsletter", "title: Writing letters").replace("max: 2}", "max: 3}", 1)
    assert wider != text
    path.write_text(wider)
    return folder


def test_two_folders_are_compared_without_a_workspace(
    run: Run, drafts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PELLUCID_WORKSPACE", str(tmp_path / "nowhere"))

    said = run("policy", "compare", str(EXAMPLE / "policy"), str(drafts))

    assert said.code == 0
    assert re.sub(r"[0-9a-f]{12}", "<hash>", said.out) == (
        "From version <hash> to <hash>: 2 widenings, 1 neutral.\n"
        "\n"
        "PURPOSE newsletter\n"
        "- widening: Under `eu` it rests on our legitimate interests (before: the person's consent). Whoever has said "
        "nothing is included, until they object or opt out. Whoever said no stays out until they say\n"
        "  yes. [silence-opened; for: privacy officer; customer care, for whoever said no]\n"
        "- neutral: It is called “Writing letters” (before: “Writing a newsletter”). [purpose-title; for: whoever "
        "writes the notices]\n"
        "\n"
        "PURPOSE range-planning\n"
        "- widening: A question may ask for ε 3 at most (before: 2). [epsilon-max-raised; for: privacy officer]\n"
    )


def test_continuous_integration_stops_at_a_widening_only_if_told_to(run: Run, drafts: Path) -> None:
    old, new = str(EXAMPLE / "policy"), str(drafts)

    codes = [
        run("policy", "compare", *words).code
        for words in (
            (old, new),
            (old, new, "--fail-on", "widening"),
            (new, old, "--fail-on", "widening"),
            (new, old, "--fail-on", "change"),
            (old, old, "--fail-on", "change"),
        )
    ]

    assert codes == [0, 9, 0, 9, 0]


def test_json_holds_every_change(run: Run, drafts: Path) -> None:
    told = json.loads(run("policy", "compare", "active", str(drafts), "--format", "json").out)

    assert told["counts"] == {"widening": 2, "narrowing": 0, "neutral": 1}
    assert [change["code"] for change in told["changes"]] == ["silence-opened", "purpose-title", "epsilon-max-raised"]
    assert "people" not in told


def test_activating_says_in_short_what_changed_and_which_command_tells_it(run: Run, drafts: Path) -> None:
    put = run("policy", "activate", str(drafts), "--as", "pia")

    lines = put.out.splitlines()
    assert lines[2] == "Compared with the policy before: 2 widenings, 1 neutral."
    command = re.fullmatch(r"Each is told by: pellucid (policy compare [0-9a-f]{12} [0-9a-f]{12})", lines[3])
    assert command is not None
    assert run(*command[1].split()).out.splitlines()[0].endswith(": 2 widenings, 1 neutral.")
    assert run("policy", "activate", str(drafts), "--as", "pia").out.splitlines()[2:] == [
        "Compared with the policy before: no change."
    ]


def test_an_officer_is_told_how_many_people_gain_or_lose_which_use_and_nobody_else(run: Run, drafts: Path) -> None:
    words = ("policy", "compare", "active", str(drafts), "--exact")
    told = run(*words, "--as", "pia")
    as_json = json.loads(run(*words, "--as", "pia", "--format", "json").out)
    refused = run(*words, "--as", "ana")

    assert told.out.split("\n\n")[-1].splitlines()[:3] == [
        "purpose         people    before  after  gain  lose  sensitive: gain  lose",
        "newsletter      customer     200    400   200     0                0     0",
        "range-planning  customer     400    400     0     0                0     0",
    ]
    assert as_json["people"][0]["gain"] == 200
    assert (refused.code, refused.out) == (3, "")
    assert refused.err.startswith("error [not-permitted]: `ana` may not do `consent-coverage-exact`")
    logged = run("audit", "log", "--last", "3", "--as", "pia").out
    assert [line.split()[3] for line in logged.splitlines()[1:]] == [
        "policy.compared-exact",
        "policy.compared-exact",
        "access.refused",
    ]


@pytest.mark.parametrize(
    ("word", "code", "message"),
    [
        ("drfts", "policy-source-unknown", "'drfts' is neither a folder nor the version of a policy."),
        ("0000", "name-unknown", "There is no policy version '0000'."),
    ],
)
def test_what_is_no_policy_is_named(run: Run, word: str, code: str, message: str) -> None:
    said = run("policy", "compare", "active", word)

    assert said.code == 2
    assert said.err.splitlines()[0] == f"error [{code}]: {message}"


def test_a_folder_with_errors_is_told_with_each_of_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("controler: {}\n")

    said = run("policy", "compare", "active", str(tmp_path))

    assert said.code == 2
    assert said.err.startswith("error [policy-invalid]: The policy has ")


def test_the_start_of_two_versions_is_no_name(shop: Shop, drafts: Path) -> None:
    with Workspace(shop.folder) as workspace:
        put, text = [], (drafts / "policy.yaml").read_text()
        while len({version[:1] for version in put}) == len(put):  # until two versions share their first digit
            (drafts / "policy.yaml").write_text(text.replace("Writing letters", f"Letters {len(put)}"))
            put.append(workspace.policy.activate(actor=workspace.actor("pia"), folder=drafts).version)
        shared = put[-1][:1]

        with pytest.raises(InputInvalid, match=r"\d versions begin with"):
            workspace.policy._one_version(shared)
        with pytest.raises(NameUnknown, match="There is no policy version 'zzzz'"):
            workspace.policy._one_version("zzzz")
        assert workspace.policy.compare(put[-1][:20], put[-1]).changes == ()
