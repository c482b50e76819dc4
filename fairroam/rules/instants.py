"""Instants: RFC 3339 texts outside, whole seconds since 1970-01-01T00:00:00Z inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import ValidationError, convert

NOT_AN_INSTANT = "must be RFC 3339 with T, an offset and whole seconds"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN_EPOCH = _EPOCH.replace(tzinfo=None)  # `Z` is written faster than an offset
_LENGTHS = frozenset((len("2026-07-06T09:00:00Z"), len("2026-07-06T09:00:00+02:00")))
SECONDS_OF_DAY = 86_400


def as_instant(moment: datetime) -> int:
    """The aware `moment` in whole seconds since the epoch, without a detour over floats."""
    since = moment - _EPOCH
    return since.days * SECONDS_OF_DAY + since.seconds


def are_whole(texts: list[str]) -> bool:
    """Of valid RFC 3339 texts: all with T, whole seconds, and Z or an offset with a colon.

    Of what else RFC 3339 and its readers allow, only four decimals and Z have one of these
    lengths too; looking at all texts at once is several times faster than one by one.
    """
    together = "".join(texts)
    return _LENGTHS.issuperset(map(len, texts)) and not (
        "." in together or "t" in together or "z" in together or " " in together
    )


def read_instant(text: str) -> int | None:
    """The instant `text` names; None unless it has T, an offset, whole seconds and a real date."""
    try:
        moment = convert(text, datetime)
    except ValidationError:
        return None
    return as_instant(moment) if are_whole([text]) else None


def write_instant(instant: int) -> str:
    """The instant in UTC, ending in `Z`. Raises OverflowError outside the years 1 to 9999."""
    return (_WRITTEN_EPOCH + timedelta(0, instant)).isoformat() + "Z"
