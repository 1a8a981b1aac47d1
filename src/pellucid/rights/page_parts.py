"""The sections of a package's page, in their order: what each says of the summary. Pure; words only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pellucid.engines.person import WITHHELD
from pellucid.rights.page_table import NOTHING, bullets, facts, heading, note, paragraph, table

Told = Mapping[str, Any]
Rows = Mapping[str, Sequence[Told]]
Write = Callable[[Told, Rows], Iterator[str]]

MASKED = "somebody else's"
"""What stands in place of a value that is left out because it is another person's."""


def opening(told: Told) -> str:
    """Return who answers, to what, as of when."""
    controller = told["controller"]
    return paragraph(f"This is what {controller['name']} held about you on {day(told['as_of'])}.") + facts(
        (
            ("Responsible", f"{controller['name']}, {controller['country']}"),
            ("Contact", controller["contact"]),
            ("Privacy officer", controller["officer"]),
            ("Your request", told["request"]),
        )
    )


def about(told: Told, first: Rows) -> Iterator[str]:
    """Say by which identifiers the person is known, and what is known beside the rows."""
    for place, each in enumerate(told["person"]):
        yield heading(f"{each['title']}: {each['key']}", f"who{place}")
        if each["facts"]:
            rows = [(fact["fact"], fact["value"], fact["how_known"]) for fact in each["facts"]]
            yield table(f"facts{place}", "What we know beside the data below", ("what", "value", "how known"), rows)
        yield note(each["note"])
    linked = told.get("linked", {"links": [], "note": ""})
    if linked["links"]:
        rows = [(each["evidence"], day(each["at"]), each["state"]) for each in linked["links"]]
        yield table("links", "How we know that these belong together", ("how known", "since", "state"), rows)
    if linked["note"]:
        yield note(linked["note"])


def data(told: Told, first: Rows) -> Iterator[str]:
    """Show each dataset: where it comes from, how long it is kept, who may read it, and its first rows."""
    held = [each for each in told["datasets"] if each["rows"]]
    empty = [each["title"] for each in told["datasets"] if not each["rows"]]
    for each in held:
        yield heading(each["title"], f"data-{each['name']}")
        yield facts(_of_dataset(each))
        if each["about_several_people"]:
            names = ", ".join(each["withheld_from_others"])
            yield note(
                "Some of these rows are about other people too. What leads to them, or could be theirs, is left out "
                f"({names}): it is theirs."
            )
        kept_back = [column for column in each["columns"] if not column["given"]]
        yield from (note(f"{column['holds']}: {column['not_given_because']}") for column in kept_back)
        yield _preview(each, first[each["name"]])
    if not held:
        yield paragraph("We hold no rows about you.")
    if empty:
        yield paragraph("We looked here too, and hold no rows about you:")
        yield bullets(empty)
    if told.get("left_out"):
        yield paragraph("Not here, though we hold it:")
        yield bullets(f"{each['title']}. {each['because']}" for each in told["left_out"])


def inferences(told: Told, first: Rows) -> Iterator[str]:
    """Say what was concluded about the person, or that nothing was."""
    rows = [(each["dataset"], each["column"], each["holds"], each["made"]) for each in told["inferences"]]
    guessed = [
        (each["title"], fact["fact"], fact["value"], fact["how_known"])
        for each in told["person"]
        for fact in each["facts"]
        if fact["how_known"] != "from data held"
    ]
    if rows:
        yield table("inferred", "Columns with conclusions", ("data", "column", "what it holds", "made"), rows)
    if guessed:
        yield table("guessed", "Estimates", ("about", "what", "value", "how known"), guessed)
    if not rows and not guessed:
        yield paragraph("There are none: we hold nothing that was concluded about you.")


def choices(told: Told, first: Rows) -> Iterator[str]:
    """Show what the person said, and the notices that they were shown."""
    if told["consents"]:
        columns = ("at", "said", "about", "notice", "where", "by")
        rows = [
            (
                each["at"],
                each["verb"],
                each["purpose"] or "all purposes",
                each["notice_version"],
                each["channel"],
                each["by"],
            )
            for each in told["consents"]
        ]
        yield table("said", "What you told us (all of it is in summary.json)", columns, rows)
    else:
        yield paragraph("You have told us nothing yet.")
    if told["statements"]:
        stated = [(day(each["at"]), each["dataset"] or "all of it", each["text"]) for each in told["statements"]]
        yield table("stated", "What you stated beside what we hold", ("on", "about", "your words"), stated)
    for place, each in enumerate(told["notices"]):
        yield heading(f"Notice {each['version']}: {each['purpose']}", f"notice{place}")
        yield paragraph(each["text"])
    if told["signals"]:
        seen = [(each["signal"], each["first_at"]) for each in told["signals"]]
        yield table("signals", "Signals of your browser or device", ("signal", "first seen"), seen)
    if told["questions"]:
        asked = [(each["purpose"], each["asked_at"], each["answer"]) for each in told["questions"]]
        yield table("asked", "What we asked you because of a signal", ("purpose", "asked", "answer"), asked)


def purposes(told: Told, first: Rows) -> Iterator[str]:
    """Say of every purpose why, on which basis, and whether the person's data may be used now."""
    for each in told["purposes"]:
        yield heading(each["title"], f"purpose-{each['name']}")
        yield paragraph(each["description"])
        now = [
            f"{'Used' if one['may_be_used'] else 'Not used'}: {' '.join(one['why'])}"
            + (f" ({one['namespace']})" if len(each["decisions"]) > 1 else "")
            for one in each["decisions"]
        ]
        bases = [f"{one['under']}: {one['in_words']}. {one['silence']}" for one in each["bases"]]
        given = [f"{one['title']}, {one['country']}" for one in each["recipients"]]
        yield facts(
            (
                ("Now", " ".join(now)),
                ("It rests on", " ".join(bases)),
                ("A consent runs out after", f"{each['consent_days']} days" if each["consent_days"] else ""),
                ("Answers, never rows, are given to", "; ".join(given) or "nobody else"),
                ("In the laws' words", ", ".join(each["kinds"]).replace("_", " ")),
            )
        )


def uses(told: Told, first: Rows) -> Iterator[str]:
    """Say how the data were used, no more than is known."""
    found = told["uses"]
    yield paragraph(
        "Our log says which figures were worked out, not whom they counted. Listed is every use of data in which you "
        "had rows, unless it is certain that your own no kept them out. In uses/answers.csv it says of each which of "
        "your columns were read, and how many people there were, in bands."
    )
    if found["totals"]:
        columns = ("what", "how it left", "for", "data", "by whom", "times", "first", "last", "what we know")
        rows = [
            (
                *(each[name] for name in ("what", "form", "purpose", "datasets", "in_role", "times")),
                day(each["first"]),
                day(each["last"]),
                each["known"],
            )
            for each in found["totals"]
        ]
        yield table("uses", f"Uses ({found['answers']:,}); each one is in uses/answers.csv", columns, rows)
    else:
        yield paragraph("There were none.")
    if found["left_out"]:
        yield paragraph(f"From {found['left_out']} more uses you were left out, because you had said no.")
    yield paragraph(f"Entries of our log that are about you alone: {found['looked_up']}, in uses/looked-up.csv.")


def rights(told: Told, first: Rows) -> Iterator[str]:
    """Say which rights the laws give the person, and what they asked before."""
    if told["rights"]:
        rows = [(each["right"].replace("_", " "), each["law"], each["cite"], each["text"]) for each in told["rights"]]
        yield table("rights", "Your rights", ("right", "law", "where it stands", "in short"), rows)
    else:
        yield paragraph(
            "We have put no law's text into this system yet, so none is cited here. Your rights hold all the same."
        )
    yield paragraph(
        f"To use them, write to {told['controller']['contact']}. You may also complain to the authority that oversees "
        "us."
    )
    authorities = told["controller"].get("authorities", [])
    if authorities:
        named = [
            (each["name"], ", ".join(each["jurisdictions"]), each["web"], each["address"], each["phone"])
            for each in authorities
        ]
        yield table("authorities", "To whom you can complain", ("authority", "for", "page", "address", "phone"), named)
    if told["requests"]:
        columns = ("request", "right", "received", "state", "closed")
        asked = [
            (each["id"], each["right"], day(each["received_at"]), each["state"], day(each["closed_at"]))
            for each in told["requests"]
        ]
        yield table("requests", "What you asked of us", columns, asked)
    if told["holds"]:
        holds = [(each["basis"], day(each["since"]), day(each["until"])) for each in told["holds"]]
        yield table("holds", "What we must keep for now", ("basis", "since", "until"), holds)
    if told["delegations"]:
        acts = [
            (each["kind"], each["part"], day(each["since"]), day(each["ended"] or each["until"]))
            for each in told["delegations"]
        ]
        yield table("delegations", "Acting for somebody", ("as", "your part", "since", "until"), acts)


def files(told: Told, first: Rows) -> Iterator[str]:
    """Say what lies where in the package, and how it is checked."""
    rows = [(name, each["title"], each["rows"]) for each in told["datasets"] for name in each["files"]]
    yield table("files", "All rows", ("file", "what", "rows"), rows)
    yield bullets(
        (
            "summary.json: everything on this page, for machines.",
            "schema.json and csv-metadata.json: what each column is, for machines.",
            "manifest.json: every file with its SHA-256, signed by us.",
        )
    )
    yield paragraph(told["csv"])
    yield paragraph(
        "To check that nothing was altered: python -m pellucid.audit package FOLDER --key KEY, with our published key."
    )
    yield paragraph(
        "Not here: copies of the same data in backups, and what others wrote about you in texts that are not kept "
        "under your name."
    )
    if told["not_about_people"]:
        yield paragraph(f"About nobody, so not here: {', '.join(told['not_about_people'])}.")


ACCESS: tuple[tuple[str, Write], ...] = (
    ("Who you are to us", about),
    ("Your data", data),
    ("Conclusions about you", inferences),
    ("What you told us, and what we told you", choices),
    ("What we use data for", purposes),
    ("How your data were used", uses),
    ("Your rights", rights),
    ("What is in this package", files),
)
PORTABILITY: tuple[tuple[str, Write], ...] = (
    ("Who you are to us", about),
    ("Your data", data),
    ("What is in this package", files),
)


def day(instant: str | None) -> str:
    """Return the day of an instant."""
    return NOTHING if instant is None else instant[:10]


def _of_dataset(each: Told) -> tuple[tuple[str, str], ...]:
    return (
        ("Where it comes from", each["source"] or "not recorded"),
        ("Worked out by us on", day(each["computed_at"]) if each["computed_at"] else ""),
        ("Kept", f"{each['kept_days']} days" if each["kept_days"] else "no end is set"),
        ("Purposes that may read some of it", ", ".join(each["purposes"]) or "none"),
    )


def _preview(each: Told, first: Sequence[Told]) -> str:
    columns = [column["name"] for column in each["columns"] if column["given"]]
    rows = [[MASKED if name in row.get(WITHHELD, ()) else row[name] for name in columns] for row in first]
    count = f"{each['rows']:,} row{'' if each['rows'] == 1 else 's'}"
    more = f"the first {len(rows):,} of {count}" if each["rows"] > len(rows) else count
    return table(f"rows-{each['name']}", f"{each['title']}: {more}; all of it is in {each['files'][1]}", columns, rows)
