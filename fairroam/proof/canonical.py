"""One way to write a JSON value as bytes (RFC 8785), and one strict way to read it back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

import rfc8785

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"


LONGEST_NUMBER = len(str(-(2**53)))  # RFC 8785: beyond it readers differ


class Unreadable(ValueError):
    """This is no statement of ours: not JSON, or JSON that two readers may take differently."""


def canonical(value: Json) -> bytes:
    """Return the one RFC 8785 form of `value`. Raises Unreadable for what has none (NaN, 2**53)."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise Unreadable(str(error)) from error


def read(text: bytes | str) -> Json:
    """Parse JSON that means one thing only. Raises Unreadable.

    A key written twice is refused: RFC 8259 leaves open which of the two counts, so that two
    readers could see two amounts under one signature. A statement holds no float.
    """
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_refuse,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    return value


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise Unreadable("a key is written twice")
    return entries


def _whole(number: str) -> int:
    if len(number) > LONGEST_NUMBER:
        raise Unreadable("a number is beyond what every reader holds exactly")
    return int(number)


def _refuse(number: str) -> NoReturn:
    raise Unreadable(f"{number} is no whole number")
