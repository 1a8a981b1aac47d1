"""Parts of the policy are found by their titles, as long as a title is that of one."""

from __future__ import annotations

from dataclasses import replace

from pellucid.web.centre.named import Names
from tests.web.visitors import Grocer


def test_a_title_that_one_part_has_names_it_and_one_that_several_have_names_none(grocer: Grocer) -> None:
    policy = grocer.workspace.centre.policy()
    same = {name: replace(each, title="The same") for name, each in policy.purposes.items()}

    assert Names.of(policy).purposes["Choose offers for you"] == "offers"
    assert Names.of(replace(policy, purposes=same)).purposes == {}


def test_columns_stand_under_the_title_of_their_dataset_also_where_titles_begin_alike(grocer: Grocer) -> None:
    policy = grocer.workspace.centre.policy()
    first, second, *_ = policy.datasets.values()
    titles = {first.name: replace(first, title="Bought"), second.name: replace(second, title="Bought: in the web")}
    names = Names.of(replace(policy, datasets=titles))

    told = ("Bought: pieces", "Bought: in the web: product", "Bought: shop", "Gone meanwhile: price")
    assert names.by_dataset(told) == {
        "Bought": ["pieces", "shop"],
        "Bought: in the web": ["product"],
        "Gone meanwhile": ["price"],
    }
