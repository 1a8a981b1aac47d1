"""The full layer of a notice: everything that the policy and the laws signed off say, section by section.

In the order of GDPR Art. 13(1)-(2) and Art. 14: who, what for, which data and how long, who receives them, rights.
"""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.policy.model import Dataset, Policy, Purpose, Recipient
from pellucid.transparency import authorities, phrases, purposes, rights
from pellucid.transparency.content import Section, Sentence
from pellucid.transparency.maker import Maker

_EEA = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
EEA = frozenset(_EEA.split())
"""The European Economic Area: for what is sent elsewhere the GDPR asks for safeguards (Art. 44-49)."""


def is_abroad(policy: Policy, recipient: Recipient) -> bool:
    """Return whether what is sent there leaves the European Economic Area, for which the GDPR asks safeguards."""
    return policy.controller.country in EEA and recipient.country not in EEA


def full(maker: Maker) -> tuple[Section, ...]:
    """Return the sections of the full layer."""
    say = maker.words.say
    name = maker.policy.controller.name
    return (
        Section("notice", say("Privacy notice of {controller}", controller=name), 1, ()),
        Section("controller", say("Who is responsible"), 2, tuple(_controller(maker))),
        Section("purposes", say("What we use your data for"), 2, tuple(_about_purposes(maker))),
        *(purposes.section(maker, purpose) for purpose in maker.policy.purposes.values()),
        Section("data", say("Which data, and how long we keep them"), 2, ()),
        *_data(maker),
        Section("recipients", say("Who receives data or answers"), 2, tuple(_receivers(maker))),
        *_recipients(maker),
        Section("rights", say("Your rights"), 2, tuple(_how_to(maker))),
        *rights.sections(maker),
        *authorities.section(maker),
        Section("decisions", say("Decisions by machines"), 2, (_decisions(maker),)),
    )


def _controller(maker: Maker) -> Iterator[Sentence]:
    controller, say = maker.policy.controller, maker.words.say
    country = maker.words.country(controller.country)
    text = say("{controller} ({country}) is responsible for your data.", controller=controller.name, country=country)
    yield Sentence("controller", text)
    text = say("Write to {contact} with any question or wish about your data.", contact=controller.contact)
    yield Sentence("contact", text, "contact", controller.contact)
    if controller.officer:
        yield Sentence("officer", say("You reach our privacy officer there too."))


def _about_purposes(maker: Maker) -> Iterator[Sentence]:
    yield Sentence(
        "form",
        maker.words.say(
            "Questions are answered with figures about many people, not with entries about single ones. Figures are "
            "changed a little at random, so that they hardly depend on whether your data are among them."
        ),
    )
    exact = [purpose.suppressed for purpose in maker.policy.purposes.values() if purpose.suppressed is not None]
    if exact:
        text = maker.words.say(
            "For some purposes exact figures leave too. A second person has to approve them, and each counts at least "
            "{minimum} people or households.",
            minimum=min(rule.minimum for rule in exact),
        )
        yield Sentence("exact", text)


def _data(maker: Maker) -> Iterator[Section]:
    for dataset in maker.datasets:
        title = maker.text("datasets", dataset.name)
        yield Section(f"dataset:{dataset.name}", title, 3, tuple(_dataset(maker, dataset, title)), listed=True)


def _dataset(maker: Maker, dataset: Dataset, title: str) -> Iterator[Sentence]:
    say, about = maker.words.say, f"dataset:{dataset.name}"
    kinds = dict.fromkeys(column.category for column in dataset.columns.values())
    listed = maker.words.listed(maker.category(kind) for kind in kinds)
    yield Sentence(about, say("They hold: {kinds}.", kinds=listed), "dataset", title)
    yield from _kept(maker, dataset, title)
    source = maker.text("datasets", dataset.name, "source")
    if source:
        yield Sentence(f"{about}:source", say("Source: {source}.", source=source.rstrip(".")))
    if dataset.built is not None:
        purpose = maker.quoted("purposes", dataset.built.purpose)
        yield Sentence(f"{about}:built", say("We work them out from other data, for {purpose}.", purpose=purpose))
    if dataset.fact_columns:
        yield Sentence(f"{about}:facts", say("They tell us which law protects you, or how you have to be protected."))


def _kept(maker: Maker, dataset: Dataset, title: str) -> Iterator[Sentence]:
    say, about = maker.words.say, f"dataset:{dataset.name}"
    days = maker.days_kept(dataset)
    if days is None:
        text = say("No end is fixed: we keep them until you have them erased.")
        yield Sentence(f"{about}:kept", text, "kept", say("no fixed time"), title)
    else:
        period = maker.words.period(days)
        text = say("We keep each entry for {period}.", period=period)
        if days != dataset.retention_days:
            text = say("We keep each entry for {period}; no purpose needs it for longer.", period=period)
        yield Sentence(f"{about}:kept", text, "kept", period, title)
    for name, sooner in maker.days_of_columns(dataset).items():
        kind, period = maker.category(dataset.columns[name].category), maker.words.period(sooner)
        text = say("Some of this goes sooner, after {period}: {kind}.", kind=kind, period=period)
        yield Sentence(f"{about}:kept:{name}", text, "kept", period, f"{title}, {kind}")
    if dataset.keep is not None:
        period, reason = maker.words.period(dataset.keep.days), maker.text("datasets", dataset.name, "keep")
        text = say(
            "Even if you have them erased, we keep entries of the last {period}, because the law says so: {reason}.",
            period=period,
            reason=reason.rstrip("."),
        )
        yield Sentence(f"{about}:law", text)


def _receivers(maker: Maker) -> Iterator[Sentence]:
    if not maker.recipients:
        yield Sentence("recipients", maker.words.say("Nobody else receives data or answers."))


def _recipients(maker: Maker) -> Iterator[Section]:
    for name, used in maker.recipients.items():
        title = maker.text("recipients", name)
        yield Section(f"recipient:{name}", title, 3, tuple(_recipient(maker, name, used, title)), listed=True)


def _recipient(maker: Maker, name: str, used: list[str], title: str) -> Iterator[Sentence]:
    say, recipient = maker.words.say, maker.policy.recipients[name]
    listed = maker.words.listed(maker.quoted("purposes", each) for each in used)
    everything = len(used) == len(maker.policy.purposes)
    text = say("For all purposes.") if everything else say("For: {purposes}.", purposes=listed)
    yield Sentence(f"recipient:{name}", text, "recipient", title)
    if recipient.kind in phrases.RECIPIENTS:
        yield Sentence(f"recipient:{name}:kind", say(phrases.RECIPIENTS[recipient.kind]))
    country = maker.words.country(recipient.country)
    safeguard = maker.text("recipients", name, "safeguard").rstrip(".")
    if not is_abroad(maker.policy, recipient):
        text = say("Country: {country}.", country=country)
    elif safeguard:
        text = say("Country: {country}, outside the European Economic Area.", country=country)
    else:
        text = say(
            "Country: {country}, outside the European Economic Area. Ask us how what is sent there is protected.",
            country=country,
        )
    yield Sentence(f"recipient:{name}:country", text, "country", country, title)
    if safeguard:
        text = say("What protects data there: {safeguard}.", safeguard=safeguard)
        yield Sentence(f"recipient:{name}:safeguard", text)


def _how_to(maker: Maker) -> Iterator[Sentence]:
    say = maker.words.say
    text = say("To use a right, write to {contact}.", contact=maker.policy.controller.contact)
    yield Sentence("rights:how", text)
    yield Sentence("rights:where", say("Which rights you have depends on the law where you live."))


def _decisions(maker: Maker) -> Sentence:
    deciding = [each.name for each in maker.policy.purposes.values() if _decides(each)]
    if not deciding:
        text = maker.words.say(
            "We have declared no purpose for which a machine alone decides about you with serious effects."
        )
        return Sentence("decisions", text)
    listed = maker.words.listed(maker.quoted("purposes", each) for each in deciding)
    text = maker.words.say(
        "A machine alone may decide about you, with serious effects, for: {purposes}.", purposes=listed
    )
    return Sentence("decisions", text)


def _decides(purpose: Purpose) -> bool:
    return "significant_decisions" in purpose.kinds
