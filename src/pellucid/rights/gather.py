"""Step 2 of a package: everything the control database has to say of the person, read in one transaction.

It comes as one JSON value, `account`, and as files of what may be long: how the data were used, who looked them up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from pellucid.audit.receipt import instant_text
from pellucid.consent.replica import current
from pellucid.engines.base import Holding
from pellucid.holdings.publish import file_name
from pellucid.policy.categories import title
from pellucid.policy.model import Dataset, Policy
from pellucid.policy.retention import days_kept
from pellucid.policy.stamp import Stamp
from pellucid.records.rights_tables import derived_builds
from pellucid.records.tables import generations
from pellucid.rights import account
from pellucid.rights.asking import WITHOUT_SENSITIVE
from pellucid.rights.request import Request, Right
from pellucid.rights.row_files import Parts, write_rows
from pellucid.rights.sections import Section, purposes_of, section
from pellucid.rights.uses import UsesOf
from pellucid.subjects.links import Identity

NO_LAWS = "none"
RELEASES = "uses/answers"
LOOKUPS = "uses/looked-up"
LEFT_OUT = "Some of its rows may be sensitive, and you asked to leave these out."
NOT_PORTABLE = "It rests neither on your consent nor on a contract with you."
NOT_ESTABLISHED = "when and by which model is not recorded"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a package says besides the rows, and which rows it gives; `account` is what `summary.json` is made of."""

    account: Mapping[str, Any]
    sections: tuple[Section, ...]

    @property
    def identities(self) -> tuple[Identity, ...]:
        """The identities that it is about."""
        return tuple((each[0], each[1]) for each in self.account["identities"])

    def subject_of(self, request: Request) -> int:
        """Return the id of the person who asked."""
        return next(
            subject for space, subject in self.identities if (space, subject) == (request.namespace, request.subject)
        )

    def stamp(self) -> Stamp:
        """Return the state of the world that it tells of."""
        return Stamp(**self.account["stamp"])

    def holdings(self, folder: Path) -> list[Holding]:
        """Return the generations that its rows are of."""
        return [
            Holding(each.dataset.name, each.generation, str(folder / file_name(each.dataset.name, each.generation)))
            for each in self.sections
        ]

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept for a run that goes on."""
        return {"account": self.account, "sections": [_section_json(each) for each in self.sections]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], policy: Policy) -> Gathered | None:
        """Return what was kept; None if it rests on another policy, or other laws, than are in force."""
        stamp = stored["account"]["stamp"]
        if (stamp["policy"], stamp["regulations"]) != (policy.version, policy.laws.version or NO_LAWS):
            return None
        return cls(stored["account"], tuple(_section_from(each, policy) for each in stored["sections"]))


def gather(
    connection: Connection,
    policy: Policy,
    request: Request,
    holdings: Mapping[str, Holding],
    pseudonyms: Mapping[Identity, str],
    files: Path,
    package: str,
    now: int,
    uses: UsesOf,
) -> Gathered:
    """Read all that is said of the person, in the caller's read transaction, and write the long parts to files."""
    identities = tuple(pseudonyms)
    places = account.places_of(connection, identities)
    built = dict(
        connection.execute(
            select(derived_builds.c.dataset, func.max(derived_builds.c.built_at)).group_by(derived_builds.c.dataset)
        ).all()
    )
    personal = [
        policy.datasets[name] for name in holdings if name in policy.datasets and not policy.datasets[name].is_public
    ]
    less = bool(request.asked.get(WITHOUT_SENSITIVE))
    found = [
        section(
            policy,
            each,
            holdings[each.name].generation,
            identities,
            request.right,
            places,
            derived=each.name in built,
            without_sensitive=less,
        )
        for each in personal
    ]
    sections = tuple(each for each in found if each is not None)
    told = {
        "format": "pellucid summary v1",
        "package": package,
        "request": request.id,
        "right": request.right.value,
        "as_of": instant_text(now),
        "stamp": _stamp(connection, policy, holdings, now),
        "identities": [list(each) for each in identities],
        "controller": _controller(policy),
        "person": [account.identity_facts(connection, policy, each, without_sensitive=less) for each in identities],
        "datasets": [_dataset(connection, policy, each, built.get(each.dataset.name)) for each in sections],
        "inferences": list(_inferences(sections, built)),
        "left_out": list(_left_out(personal, found, less)),
        "not_about_people": [each.title for each in policy.datasets.values() if each.is_public],
    }
    if request.right is Right.ACCESS:
        told |= _what_else(connection, policy, identities, places, now)
        told["uses"] = _uses(uses, connection, policy, pseudonyms, files)
    return Gathered(told, sections)


def _left_out(personal: Sequence[Dataset], found: Sequence[Section | None], less: bool) -> Iterator[dict[str, str]]:
    for each, kept in zip(personal, found, strict=True):
        if kept is None:
            sensitive = less and each.sensitive_when
            yield {"title": each.title, "because": LEFT_OUT if sensitive else NOT_PORTABLE}


def _what_else(
    connection: Connection, policy: Policy, identities: tuple[Identity, ...], places: Any, now: int
) -> dict[str, Any]:
    said = account.consents(connection, identities)
    return {
        "linked": account.links_told(connection, identities),
        "consents": said,
        "notices": account.notices(connection, policy, said),
        "purposes": account.purposes_told(connection, policy, identities, places, now),
        "rights": account.rights_told(policy, places, now),
        **account.others_kept(connection, identities),
    }


def _uses(
    uses: UsesOf, connection: Connection, policy: Policy, pseudonyms: Mapping[Identity, str], files: Path
) -> dict[str, Any]:
    told = uses(connection, policy, pseudonyms)
    answers = write_rows(Parts(files, RELEASES), told.columns, told.answers)
    looked_up = write_rows(Parts(files, LOOKUPS), told.lookup_columns, told.lookups)
    return {"answers": answers, "left_out": told.left_out(), "looked_up": looked_up, "totals": told.totals()}


def _stamp(connection: Connection, policy: Policy, holdings: Mapping[str, Holding], now: int) -> dict[str, object]:
    read = {name: each.generation for name, each in holdings.items()}
    return Stamp(current(connection)[0], policy.version, policy.laws.version or NO_LAWS, read, now).as_json()


def _controller(policy: Policy) -> dict[str, Any]:
    found = policy.controller
    officer = policy.people[found.officer].title if found.officer in policy.people else found.officer
    return {"name": found.name, "country": found.country, "contact": found.contact, "officer": officer} | (
        {"authorities": [asdict(each) for each in found.authorities]} if found.authorities else {}
    )


def _dataset(connection: Connection, policy: Policy, found: Section, built: int | None) -> dict[str, Any]:
    dataset = found.dataset
    where = (generations.c.dataset == dataset.name, generations.c.generation == found.generation)
    published_at = connection.scalar(select(generations.c.published_at).where(*where))
    return {
        "name": dataset.name,
        "title": dataset.title,
        "source": dataset.source,
        "published_at": None if published_at is None else instant_text(published_at),
        "computed_at": None if built is None else instant_text(built),
        "kept_days": days_kept(policy, dataset),
        "purposes": [each.title for each in purposes_of(policy, dataset)],
        "about_several_people": len(dataset.subjects) > 1,
        "withheld_from_others": sorted(found.needs),
        "columns": [
            {
                "name": name,
                "title": column.title,
                "type": column.type.value,
                "category": column.category,
                "holds": title(column.category),
                "inferred": name in found.inferred,
                "given": name in found.columns,
                "not_given_because": found.kept_back.get(name),
            }
            for name, column in dataset.columns.items()
            if name in found.columns or name in found.kept_back
        ],
    }


def _inferences(sections: tuple[Section, ...], built: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for each in sections:
        for name in each.inferred:
            at = built.get(each.dataset.name)
            made = NOT_ESTABLISHED if at is None else f"computed on {instant_text(at)}"
            yield {
                "dataset": each.dataset.name,
                "column": name,
                "holds": title(each.dataset.columns[name].category),
                "made": made,
            }


def _section_json(found: Section) -> dict[str, Any]:
    return {
        "dataset": found.dataset.name,
        "generation": found.generation,
        "columns": list(found.columns),
        "own": [list(each) for each in found.own],
        "needs": {name: [list(group) for group in groups] for name, groups in found.needs.items()},
        "kept_back": dict(found.kept_back),
        "inferred": list(found.inferred),
    }


def _section_from(stored: Mapping[str, Any], policy: Policy) -> Section:
    return Section(
        policy.datasets[stored["dataset"]],
        stored["generation"],
        tuple(stored["columns"]),
        tuple(tuple(each) for each in stored["own"]),
        {name: tuple(tuple(group) for group in groups) for name, groups in stored["needs"].items()},
        stored["kept_back"],
        tuple(stored["inferred"]),
    )
