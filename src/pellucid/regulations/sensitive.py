"""Which of pellucid's data categories a law's own words for sensitive data mean, where there is one.

The keys are those of `policy.categories`, which stands in a higher layer: a test compares them.
"""

from __future__ import annotations

_RELIGION = ("user.demographic.religious_belief",)
_ETHNICITY = ("user.demographic.race_ethnicity",)
_HEALTH = ("user.health_and_medical",)
_SEXUALITY = ("user.demographic.sexual_orientation",)
_POLITICS = ("user.demographic.political_opinion",)
_CRIME = ("user.criminal_history",)

TERMS: dict[str, tuple[str, ...]] = {
    "account_login_with_credentials": ("user.credentials", "user.financial.credit_card"),
    "biological": ("user.health_and_medical",),
    "biometric": ("user.biometric",),
    "biometric_for_unique_id": ("user.biometric",),
    "citizenship_or_immigration_status": (),
    "contents_of_messages": ("user.content",),
    "criminal_convictions": _CRIME,
    "crime_victim": (),
    "data_of_children_under_13": ("user.childrens",),
    "data_of_children_under_14": ("user.childrens",),
    "data_of_minors_under_16": ("user.childrens",),
    "disability": _HEALTH,
    "financial_account": ("user.financial.account_number",),
    "gender_identity": ("user.demographic.gender",),
    "genetic": ("user.health_and_medical.genetic",),
    "government_id": ("user.government_id",),
    "health": _HEALTH,
    "intimate_sphere": (),
    "location_tracking": ("user.location.precise",),
    "neural_data": (),
    "political_association": _POLITICS,
    "political_opinions": _POLITICS,
    "precise_geolocation": ("user.location.precise",),
    "professional_association": (),
    "racial_or_ethnic_origin": _ETHNICITY,
    "religious_or_philosophical_beliefs": _RELIGION,
    "sex_life": _SEXUALITY,
    "sexual_orientation": _SEXUALITY,
    "social_assistance": (),
    "social_status": (),
    "specific_identity": (),
    "trade_union_membership": (),
}
"""A law's word for a sensitive kind of data, and the keys that hold it; empty where pellucid has no key."""
