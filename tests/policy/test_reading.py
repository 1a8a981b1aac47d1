"""Reading grades: the formulas' own arithmetic, and texts whose rank anybody can tell."""

from __future__ import annotations

import pytest

from pellucid.policy.reading import FEWEST_WORDS, Measured, grade, measure

SYLLABLES = {
    "en": {"the": 1, "household": 3, "decide": 2, "table": 2, "counted": 2, "used": 1, "agree": 2, "offers": 2},
    "de": {"Haushalte": 3, "widersprechen": 4, "über": 2, "Einkäufe": 3, "die": 1, "genau": 2, "Daten": 2},
    "es": {"cualquier": 2, "países": 3, "tiendas": 2, "aviso": 3, "ley": 1, "consentimiento": 5, "qué": 1},
    "fr": {
        "données": 2,
        "chiffres": 1,
        "nous": 1,
        "décider": 3,
        "droit": 1,
        "client": 2,
        "foyer": 2,
        "moment": 2,
        "parlent": 1,
    },
}
EASY = {
    "en": "We count what you buy. We do this to fill our shelves. You can say no. Then we stop at once.",
    "de": "Wir zählen, was du kaufst. So füllen wir die Regale. Du kannst Nein sagen. Dann hören wir auf.",
    "es": "Vemos qué compras. Así sabemos qué falta. Puedes decir que no. Si lo dices, ya no lo usamos más.",
    "fr": "Nous comptons tes achats. Nous le faisons pour nos rayons. Tu peux dire non. Alors nous cessons.",
}
HARD = {
    "en": "Processing operations concerning personal information necessitate organisational authorisation, unless "
    "statutory provisions explicitly accommodate alternative justification mechanisms.",
    "de": "Die Verarbeitung personenbezogener Daten bedarf einer datenschutzrechtlichen Rechtsgrundlage, soweit nicht "
    "bereichsspezifische Ausnahmevorschriften eine anderweitige Rechtfertigungsmöglichkeit vorsehen.",
    "es": "El tratamiento automatizado de informaciones personales requiere autorización administrativa, salvo que "
    "disposiciones extraordinarias establezcan expresamente justificaciones alternativas suficientemente motivadas.",
    "fr": "La réalisation d'opérations automatisées concernant des informations personnelles nécessite une "
    "autorisation administrative préalable, indépendamment des dispositions réglementaires particulières.",
}


@pytest.mark.parametrize("language", SYLLABLES)
def test_syllables_are_counted_as_the_language_has_them(language: str) -> None:
    assert {word: measure(word, language).syllables[0] for word in SYLLABLES[language]} == SYLLABLES[language]


@pytest.mark.parametrize("language", EASY)
def test_easy_and_hard_texts_lie_on_both_sides_of_the_limits(language: str) -> None:
    assert (grade(EASY[language], language) or 99) <= 7
    assert (grade(HARD[language], language) or 0) > 12


def test_flesch_kincaid_is_computed_as_published() -> None:
    """206.835 belongs to the other formula: 0.39 x 15 words a sentence + 11.8 x 1 syllable a word - 15.59."""
    assert grade(" ".join(["dog"] * 15) + ".", "en") == round(0.39 * 15 + 11.8 - 15.59, 1)


def test_what_is_measured_are_sentences_words_letters_and_syllables() -> None:
    assert measure("Wir zählen. Sie können Nein sagen!", "de") == Measured(2, (3, 6, 3, 6, 4, 5), (1, 2, 1, 2, 1, 2))


def test_a_short_text_is_not_judged() -> None:
    assert grade(" ".join(["word"] * (FEWEST_WORDS - 1)), "en") is None


def test_other_languages_have_no_formula() -> None:
    with pytest.raises(KeyError, match="it"):
        grade(EASY["es"], "it")
