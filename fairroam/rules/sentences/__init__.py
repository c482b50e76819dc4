"""The words of the chain: one file per language, read when first asked for."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from fairroam.rules.languages import NAMES

LANGUAGES = tuple(NAMES)


class Language(Struct, frozen=True):
    """What one language file holds.

    locale: of CLDR, for numbers and dates. space: between two sentences. day, time, sms: patterns.
    sentences: by code. words: for names such as a ground. facts: for the names of fields.
    """

    locale: str
    space: str
    day: str
    time: str
    sms: str
    sentences: dict[str, str]
    words: dict[str, str]
    facts: dict[str, str]


def load_language(name: str) -> Language:
    """One of LANGUAGES, in any case (`zh-hans`). Raises LookupError for another."""
    for language in LANGUAGES:
        if language.lower() == name.lower():
            return _read(language)
    raise LookupError(f"no sentences in {name!r}; there are {', '.join(LANGUAGES)}")


@cache
def _read(language: str) -> Language:
    from importlib.resources import files

    import msgspec

    text = (files(__name__) / f"{language}.toml").read_bytes()
    return msgspec.toml.decode(text, type=Language, strict=True)
