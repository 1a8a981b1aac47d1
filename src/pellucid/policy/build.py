"""Turn what a policy folder says (Pydantic documents) into the frozen model. No checks: see `policy.validate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pellucid.policy import documents, model


def controller(document: documents.ControllerDocument) -> model.Controller:
    """Build the controller."""
    return model.Controller(
        document.name,
        document.country,
        document.contact,
        document.officer,
        document.language,
        tuple(document.languages),
        tuple(_authority(each) for each in document.authorities),
    )


def _authority(document: documents.AuthorityDocument) -> model.Authority:
    places = tuple(document.jurisdictions)
    return model.Authority(document.name, document.web, places, document.address, document.phone)


def regime(name: str, document: documents.RegimeDocument) -> model.Regime:
    """Build a regime."""
    translations = _translations(document.translations)
    return model.Regime(name, document.title, tuple(document.jurisdictions), document.establishment, translations)


def namespace(name: str, document: documents.NamespaceDocument) -> model.PrivacyUnit:
    """Build a subject namespace."""
    return model.PrivacyUnit(name, document.title, _allowance(document.cap), _translations(document.translations))


def recipient(name: str, document: documents.RecipientDocument) -> model.Recipient:
    """Build a recipient."""
    translations = _translations(document.translations)
    place = (document.country, document.kind, document.address)
    return model.Recipient(name, document.title, *place, translations, document.safeguard)


def role(name: str, document: documents.RoleDocument) -> model.Role:
    """Build a role."""
    return model.Role(name, document.title, tuple(document.may), _translations(document.translations))


def person(name: str, document: documents.PersonDocument) -> model.Person:
    """Build a member of staff."""
    allowance, translations = _optional_allowance(document.allowance), _translations(document.translations)
    return model.Person(name, document.title, tuple(document.roles), allowance, translations)


def purpose(name: str, document: documents.PurposeDocument) -> model.Purpose:
    """Build a purpose."""
    return model.Purpose(
        name=name,
        title=document.title,
        description=document.description,
        notice=model.Notice(
            document.notice.version, document.notice.text, tuple(document.notice.accepts), document.notice.child
        ),
        bases={at: model.RegimeBasis(at, basis.basis, basis.default) for at, basis in document.basis.items()},
        categories=tuple(document.categories),
        roles=tuple(document.roles),
        release=_release(document.release),
        unknown_place=document.unknown.place,
        unknown_age=document.unknown.age,
        minimum_age=document.minimum_age,
        sensitive=document.sensitive,
        consent_days=document.consent_days,
        recipients=tuple(document.recipients),
        suppressed=None if document.suppressed is None else _suppressed(document.suppressed),
        kinds=tuple(document.kinds),
        guardian=document.guardian,
        vulnerable=document.vulnerable,
        while_restricted=document.while_restricted,
        soft_opt_in=document.soft_opt_in,
        loyalty=document.loyalty,
        retention=tuple(model.PurposeRetention(name, days) for name, days in document.retention_days.items()),
        translations=_translations(document.translations),
    )


def dataset(name: str, document: documents.DatasetDocument) -> model.Dataset:
    """Build a dataset."""
    return model.Dataset(
        name=name,
        title=document.title,
        columns={column: _column(column, declared) for column, declared in document.columns.items()},
        subjects=tuple(_path(path) for path in document.subjects),
        key=tuple(document.key),
        time=document.time,
        retention_days=document.retention_days,
        sensitive_when=tuple(_sensitive(rule) for rule in document.sensitive_when),
        determines_subject=tuple(document.determines_subject),
        jurisdiction_column=document.facts.jurisdiction,
        birth_year_column=document.facts.birth_year,
        source=document.source,
        vulnerable_column=document.facts.vulnerable,
        estimated_facts=tuple(document.facts.estimated),
        private_only=document.private_only,
        rank=None
        if document.rank is None
        else model.Rank(document.rank.since, document.rank.until, tuple(document.rank.by)),
        allowance=_optional_allowance(document.allowance),
        keep=None
        if document.keep is None
        else model.Keep(document.keep.days, document.keep.basis, document.keep.reason),
        built=None if document.built is None else _built(document.built),
        translations=_translations(document.translations),
    )


BUILDERS: Mapping[str, Callable[[str, Any], Any]] = {
    "regimes": regime,
    "namespaces": namespace,
    "recipients": recipient,
    "roles": role,
    "people": person,
    "purposes": purpose,
    "datasets": dataset,
}
"""By section of the folder."""


def _translations(written: Mapping[Any, documents.Document]) -> tuple[model.Translation, ...]:
    """Build translations in order of language, without the texts that say nothing."""
    return tuple(
        model.Translation(str(language), {name: text for name, text in texts if text})
        for language, texts in sorted(written.items())
    )


def _allowance(document: documents.AllowanceDocument) -> model.Allowance:
    return model.Allowance(float(document.epsilon), float(document.delta), document.period)


def _optional_allowance(document: documents.AllowanceDocument | None) -> model.Allowance | None:
    return None if document is None else _allowance(document)


def _bound(document: documents.BoundDocument) -> model.Bound:
    values = None if document.values is None else (str(document.values[0]), str(document.values[1]))
    return model.Bound(
        per_group=_amount(document.per_group),
        norm=_amount(document.norm),
        lower=str(document.lower),
        values=values,
        most=_amount(document.most),
        drawn=document.drawn,
    )


def _amount(written: str | float | None) -> str | None:
    return None if written is None else str(written)


def _release(document: documents.ReleaseDocument) -> model.ReleaseRule:
    return model.ReleaseRule(
        epsilon_default=float(document.epsilon.default),
        epsilon_max=float(document.epsilon.max),
        allowance=_allowance(document.allowance),
        max_groups=document.max_groups,
        rows=_bound(document.rows),
        columns={column: _bound(bound) for column, bound in document.columns.items()},
        threshold_delta=float(document.threshold_delta),
        clipping_share=float(document.clipping_share),
        max_cells=document.max_cells,
        max_age_hours=document.max_age_hours,
        caps_share=float(document.caps_share),
        rank=None if document.rank is None else model.RankBound(document.rank.rows, document.rank.each),
        analyst_allowance=_optional_allowance(document.analyst_allowance),
        minimum_group=document.minimum_group,
    )


def _suppressed(document: documents.SuppressedDocument) -> model.SuppressedRule:
    return model.SuppressedRule(
        minimum=document.minimum,
        largest_share=str(document.largest_share),
        max_cells=document.max_cells,
        conditional=document.guarantee == "conditional",
    )


def _built(document: documents.BuiltDocument) -> model.Built:
    return model.Built(document.purpose, document.sql, tuple(document.reads))


def _column(name: str, document: documents.ColumnDocument) -> model.Column:
    mask = document.mask
    return model.Column(
        name=name,
        type=document.type,
        category=document.category,
        nullable=document.nullable,
        scale=document.scale or 0,
        mask=None if mask is None else model.Mask(mask.kind, mask.size, tuple(mask.unmasked_for)),
        domain=tuple(document.domain),
        title=document.title,
        retention_days=document.retention_days,
        translations=_translations(document.translations),
    )


def _path(document: documents.SubjectPathDocument) -> model.SubjectPath:
    hops = tuple(model.Hop(hop.column, hop.dataset, hop.key) for hop in document.via)
    return model.SubjectPath(document.namespace, document.column, hops)


def _sensitive(document: documents.SensitiveWhenDocument) -> model.SensitiveWhen:
    lookup = document.lookup
    found = None if lookup is None else (lookup.dataset, lookup.key, lookup.column)
    return model.SensitiveWhen(document.column, tuple(document.values), document.reveals, found)
