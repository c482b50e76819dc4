"""Numbers that people read aloud and type: no letter that looks like another."""

from __future__ import annotations

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_number(prefix: str, *, groups: int = 2) -> str:
    """A random number like "FR-7K3M-9Q2T", to be stored under a unique key.

    Each of its `groups` has close to 20 bits: 2 tell orders apart, 7 cannot be guessed (138 bits).
    """
    parts = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(groups))
    return "-".join((prefix, *parts))
