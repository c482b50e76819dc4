"""When a balance may be given up, and until when it can be claimed all the same.

A waiver is for the one case in which a balance has no way home: every payment that it came in by
takes nothing back any more, and its owner names no account. It stays a debt of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

YEARS_LEAST = 3  # the ordinary limitation, section 195 of the German civil code (BGB)


@dataclass(frozen=True, slots=True)
class Source:
    """Free paid credit of one payment, in minor units; has_way: that payment takes it back now."""

    minor: int
    has_way: bool


def waivable_minor(sources: Iterable[Source], *, has_account: bool) -> int:
    """What of a balance in one currency may be given up: all of it or, where a way is open, 0.

    has_account: its owner has named a bank account, to which everything can go.
    """
    known = [source for source in sources if source.minor > 0]
    if has_account or any(source.has_way for source in known):
        return 0
    return sum(source.minor for source in known)


def claim_by(signed_on: date, *, years: int) -> date:
    """The last day of claiming: full calendar years after the one of the signature.

    As section 199 of the German civil code (BGB) counts. years: YEARS_LEAST or more.
    """
    assert years >= YEARS_LEAST
    return date(signed_on.year + years, 12, 31)
