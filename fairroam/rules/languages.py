"""The languages we speak, and the words for a reader out of words in several of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fairroam.rules.traditional import in_traditional, is_traditional

NAMES = {"en": "English", "zh-Hans": "简体中文", "zh-Hant": "繁體中文"}
_HAN = re.compile(r"[\u4e00-\u9fff]")
_BY_CODE = {code.lower(): code for code in NAMES}


def language_of(code: str) -> str:
    """Ours for a code in any case ("zh-hant"); English for one that we do not speak."""
    return _BY_CODE.get(code.lower(), "en")


def words_for(words: Mapping[str, str], language: str) -> str:
    """The text for readers of `language` out of {"en": …, "zh-Hans": …}; "" where there is none.

    Where nobody wrote it in Traditional Chinese it is made of the Simplified; English is the last.
    """
    spoken = language_of(language)
    if said := words.get(spoken):
        return said
    if spoken == "zh-Hant" and (simplified := words.get("zh-Hans")):
        return in_traditional(simplified)
    return words.get("en", "")


def written_in(text: str) -> str:
    """Which of ours somebody wrote in: Chinese by its characters, English for all else."""
    if not _HAN.search(text):
        return "en"
    return "zh-Hant" if is_traditional(text) else "zh-Hans"
