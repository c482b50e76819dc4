"""One way to write a JSON value as bytes (RFC 8785), and one strict way to read it back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

import msgspec
import rfc8785

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"


LONGEST_NUMBER = len(str(-(2**53)))  # RFC 8785: beyond it readers differ


class Unreadable(ValueError):
    """This is no statement of ours: not JSON, or JSON that two readers may take differently."""


# What a plain sorting encoder might write otherwise than RFC 8785: a number with a point or an
# exponent (the decoder below refuses it), more digits than every reader holds, and characters that
# UTF-16 sorts before others.
_DIGITS_AS_NINES = bytes.maketrans(b"012345678", b"9" * 9)
_MANY_DIGITS = b"9" * 16
_SORTED_OTHERWISE = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")


def canonical(value: Json) -> bytes:
    """Return the one RFC 8785 form of `value`. Raises Unreadable for what has none (NaN, 2**53)."""
    plain = _plain(value)
    return plain[0] if plain else _thorough(value)


def canonical_copy(value: Json) -> tuple[bytes, Json]:
    """The canonical form of `value`, and what is read back from it. Raises Unreadable."""
    if plain := _plain(value):
        return plain
    written = _thorough(value)
    return written, read(written)


def _plain(value: Json) -> tuple[bytes, Json] | None:
    """As `canonical_copy`, many times as fast, for a value that leaves no doubt; else None.

    What a sorting encoder wrote must read back as the very same, so that it changed nothing.
    """
    try:
        written = _encoder.encode(value)
        copy = _decoder.decode(written)
    except (TypeError, ValueError, RecursionError):
        return None  # The thorough way says what is wrong.
    return (written, copy) if copy == value and not _is_doubtful(written) else None


def _is_doubtful(written: bytes) -> bool:
    if _MANY_DIGITS in written.translate(_DIGITS_AS_NINES):
        return True
    return not written.isascii() and any(lead in written for lead in _SORTED_OTHERWISE)


def _thorough(value: Json) -> bytes:
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeEncodeError) as error:
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


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(float_hook=_refuse)
