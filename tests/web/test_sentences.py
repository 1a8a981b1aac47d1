"""Sentences of templates are said once, while a template is compiled, and only those that nothing is put into."""

from __future__ import annotations

import pytest

from pellucid.web.pages import environment


@pytest.mark.parametrize(("language", "said"), [("en", "Overview"), ("de", "Übersicht")])
def test_a_sentence_stands_in_the_compiled_template_so_that_no_page_looks_it_up(language: str, said: str) -> None:
    template = environment(language).from_string(
        '<p title="{{ _("Overview") }}">{% set one = _("Overview") %}{{ one }}</p>'
    )

    assert template.render(_=None) == f'<p title="{said}">{said}</p>'


def test_what_is_put_into_a_sentence_is_escaped_on_each_page() -> None:
    template = environment("de").from_string('{{ _("Privacy officer: %(officer)s", officer=who) }}')

    assert template.render(who="<b>") == "Datenschutz: &lt;b&gt;"


def test_a_sign_of_percent_is_written_twice_as_in_every_sentence() -> None:
    assert environment("en").from_string('{{ _("at least 80 %% of all") }}').render() == "at least 80 % of all"


def test_a_sentence_may_not_miss_what_it_has_a_place_for() -> None:
    with pytest.raises(KeyError, match="officer"):
        environment("en").from_string('{{ _("Privacy officer: %(officer)s") }}')
