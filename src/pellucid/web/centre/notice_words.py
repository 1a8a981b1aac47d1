"""What the pages of notices call their layers and languages."""

from __future__ import annotations

from collections.abc import Mapping

LAYER_TITLES: Mapping[str, str] = {"short": "In short", "full": "In full", "child": "For young readers"}
LANGUAGE_NAMES: Mapping[str, str] = {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français"}
"""Each language by its own name for itself, which is not translated."""
