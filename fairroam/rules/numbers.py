"""Numbers that people read aloud and type: no letter that looks like another."""

from __future__ import annotations

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # half a group each


def new_number(prefix: str, *, groups: int = 2) -> str:
    """A random number like "FR-7K3M-9Q2T", to be stored under a unique key.

    Each of its `groups` has close to 20 bits: 2 tell orders apart, 7 cannot be guessed (138 bits).
    """
    drawn = secrets.randbelow(len(PAIRS) ** (2 * groups))
    parts = [prefix]
    for _ in range(groups):
        drawn, first = divmod(drawn, len(PAIRS))
        drawn, second = divmod(drawn, len(PAIRS))
        parts.append(PAIRS[first] + PAIRS[second])
    return "-".join(parts)
