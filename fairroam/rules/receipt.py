"""The chain for people: a receipt whose amounts, read from top to bottom, are the calculation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from string import Formatter
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from fairroam.rules.chain import KEPT_OUT, NOT_BETTER
from fairroam.rules.sentences import load_language
from fairroam.rules.zones import load_zone

if TYPE_CHECKING:
    from babel import Locale

    from fairroam.rules.sentences.formats import Voice

_PARSER = Formatter()
# Not facts of their own: the text says them, or the amount at the right.
_SAID = ("code", "amount")


class Line(Struct, frozen=True):
    """One line of a receipt. amount: minor units with their sign, or None; amount_text: in words.

    text: one sentence, two when the rule applies but another gives more. applies: False for a
    rule that was kept out, shown grey. facts: what the line opens to, names and values in words.
    The amounts of all lines add up to what is sent back now.
    """

    code: str
    text: str
    amount: int | None
    amount_text: str
    applies: bool
    facts: dict[str, str]


def explain(decision: Mapping[str, Any], language: str, *, with_facts: bool = True) -> list[Line]:
    """The lines for a decision as stored (`Decision.as_json()`); nothing else is needed.

    language: one of `sentences.LANGUAGES`, in any case. Raises LookupError for another.
    with_facts: False leaves empty what a line opens to, where nobody can open it.
    """
    from fairroam.rules.sentences.formats import Voice  # Babel is slow to start

    chosen = load_language(language)
    opening = decision["reasons"][0]
    voice = Voice(chosen, _locale(chosen.locale), opening["currency"], load_zone(opening["zone"]))
    return [_line(reason, voice, with_facts) for reason in decision["reasons"]]


@cache
def _locale(name: str) -> Locale:
    from babel import Locale

    return Locale.parse(name)


def _line(reason: Mapping[str, Any], voice: Voice, with_facts: bool) -> Line:
    outcome = reason.get("outcome")
    text = _say(reason["code"], reason, voice)
    if outcome == NOT_BETTER and "entitled" in reason:
        text += voice.language.space + _say("NOT_BETTER", reason, voice)
    amount = reason.get("amount")
    return Line(
        code=reason["code"],
        text=text,
        amount=amount,
        amount_text="" if amount is None else voice.write("amount", reason),
        applies=outcome not in (KEPT_OUT, NOT_BETTER),
        facts={
            voice.language.facts[field]: voice.write(field, reason)
            for field, value in reason.items()
            if field not in _SAID and value is not None
        }
        if with_facts
        else {},
    )


def _say(code: str, reason: Mapping[str, Any], voice: Voice) -> str:
    sentence = voice.language.sentences[code]
    return sentence.format_map({field: voice.write(field, reason) for field in fields_of(sentence)})


@cache
def fields_of(sentence: str) -> list[str]:
    """The fields that a sentence asks for."""
    return [field for _text, field, _spec, _conversion in _PARSER.parse(sentence) if field]
