"""The words for changes in datasets and their columns: `changes.catalogue` puts them among all others."""

from __future__ import annotations

from pellucid.policy.changes.words import Words, listed, neutral, opposed, ordered

OFFICER = "privacy officer"
WRITER = "whoever writes the notices"
ENGINEER = "data engineer"
ANALYST = "whoever asks under it"

DATASETS: Words = {
    **listed("dataset", "New data: {title}.", "It is declared no more ({title}): no question can name it.", OFFICER),
    **neutral("dataset-rank", "One person's rows are ranked {new} (before: {old}); sort the data anew.", ENGINEER),
    **neutral("dataset-built", "How it is made: {new} (before: {old}).", f"{OFFICER}; {ENGINEER}"),
    **listed(
        "built-of",
        "It is said to be made of {value}: whoever may not read that may not read it.",
        "It is not said to be made of {value} any more: whoever may not read that may read it.",
        OFFICER,
        wider="removed",
    ),
    **neutral("dataset-title", "It is called “{new}” (before: “{old}”).", WRITER),
    **neutral("dataset-source", "Its source is “{new}” (before: “{old}”).", f"{OFFICER}; {WRITER}"),
    **neutral("dataset-columns", "Its columns have another order, so `*` means another order.", ANALYST),
    **opposed(
        "dataset-public",
        "It counts as public: nobody's choice, no noise and no budget protect its rows any more.",
        "dataset-personal",
        "It counts as being about people: their choices, noise and budgets protect its rows.",
        OFFICER,
    ),
    **listed(
        "subject-path",
        "Its rows are also about whom {value} leads to, who must be permitted too.",
        "Its rows are not about whom {value} leads to any more: that person's choice does not count.",
        f"{OFFICER}; {ENGINEER}",
        wider="removed",
    ),
    **neutral("dataset-key", "Unique in each row: {new} (before: {old}).", ENGINEER),
    **listed(
        "time",
        "`{value}` tells when a row happened: rows of people who said yes from a day on can be read from that day on.",
        "`{value}` does not tell when a row happened any more: nothing is read of people who said yes from a day on.",
        f"{OFFICER}; {ENGINEER}",
    ),
    **ordered(
        "retention",
        "Rows may be used for {new} (before: {old}).",
        OFFICER,
        wider="lengthened",
        narrower="shortened",
    ),
    **neutral("dataset-keep", "A law has kept after an erasure: {new} (before: {old}).", f"{OFFICER}; {WRITER}"),
    **listed(
        "sensitive-value",
        "Rows whose {value} count as sensitive.",
        "Rows whose {value} do not count as sensitive any more.",
        OFFICER,
        wider="removed",
    ),
    **neutral("sensitive-reveals", "Rows whose {value} are said to reveal {new} (before: {old}).", OFFICER),
    **listed(
        "determines-subject",
        "`{value}` is said to belong to one person alone: it may be counted and joined on by every purpose.",
        "`{value}` is not said to belong to one person alone any more: only purposes that may read it may use it.",
        f"{OFFICER}; {ENGINEER}",
    ),
    **neutral("jurisdiction-column", "Where people live is told by {new} (before: {old}).", f"{OFFICER}; {ENGINEER}"),
    **neutral("birth-year-column", "When people were born is told by {new} (before: {old}).", f"{OFFICER}; {ENGINEER}"),
    **neutral(
        "vulnerable-column", "Who needs special care is told by {new} (before: {old}).", f"{OFFICER}; {ENGINEER}"
    ),
    **listed(
        "estimated-fact",
        "What it tells of {value} is only an estimate, from its next import on: it can take away, never permit.",
        "What it tells of {value} counts as known, from its next import on.",
        f"{OFFICER}; {ENGINEER}",
        wider="removed",
    ),
}
"""Tables, and how their rows find their people."""

COLUMNS: Words = {
    **listed("column", "A new column: {value}.", "The column is declared no more: {value}.", f"{OFFICER}; {ENGINEER}"),
    **neutral("column-title", "It is called “{new}” (before: “{old}”).", WRITER),
    **neutral("column-type", "It is of type {new} (before: {old}); stored rows have to be imported anew.", ENGINEER),
    **ordered("column-scale", "It has {new} decimal places (before: {old}).", ENGINEER),
    **neutral(
        "column-category",
        "It holds {new} (before: {old}); which purposes may now read it stands with them.",
        OFFICER,
    ),
    **ordered(
        "column-retention",
        "Its values are emptied after {new} (before: {old}).",
        OFFICER,
        wider="lengthened",
        narrower="shortened",
    ),
    **neutral("column-nullable", "A value {new} be missing.", ENGINEER),
    **listed("mask", "It {value}.", "It {value} no more.", OFFICER, wider="removed"),
    **ordered("mask", "It {new} (before: it {old}).", OFFICER, wider="finer", narrower="coarser"),
    **listed("unmasked-for", "`{value}` sees it as it is.", "`{value}` does not see it as it is any more.", OFFICER),
    **listed(
        "domain-value", "`{value}` is one of its public values.", "`{value}` is none of its public values.", OFFICER
    ),
    **opposed(
        "domain-published",
        "Its values are declared public: a group is told however few are in it.",
        "domain-unpublished",
        "Its values are not declared public any more: a group is told only if enough people are in it.",
        OFFICER,
    ),
    **opposed(
        "domain-opened",
        "Any value of it may be told, not only declared ones.",
        "domain-closed",
        "Only its declared values may be told.",
        OFFICER,
    ),
}
"""Columns of a dataset."""
