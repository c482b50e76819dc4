"""The fixed words on the buttons by which people leave a contract, by country, with their source.

`labels.toml` is the table. Where a law fixes the words they are shown in its language, and
explained beside it in the language of the page.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files

import msgspec


class Labels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words for one group of countries.

    language: of the words themselves, as in HTML's `lang`. terminate, confirm_termination: only
    where a law asks for a door of its own to end a contract. source: where the words come from.
    """

    countries: tuple[str, ...]
    language: str
    withdraw: str
    confirm_withdrawal: str
    source: str
    terminate: str | None = None
    confirm_termination: str | None = None


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checked: date
    labels: tuple[Labels, ...]


def labels_for(residence: str) -> Labels:
    """The words for customers of `residence` ("DE", "DE-BY"); "" or unknown: the general ones."""
    country = residence.partition("-")[0]
    return _by_country().get(country) or _by_country()[""]


@cache
def _by_country() -> dict[str, Labels]:
    content = (files("fairroam.rules") / "labels.toml").read_bytes()
    table = msgspec.toml.decode(content, type=_Table)
    found: dict[str, Labels] = {}
    for row in table.labels:
        for country in row.countries or ("",):
            assert country not in found, f"{country} has two rows of labels"
            found[country] = row
    return found
