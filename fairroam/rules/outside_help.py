"""Bodies outside the company that help a customer against it: by country, with their source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Body:
    """Whom to turn to. names: by language; source: what says that they are there for this."""

    countries: frozenset[str]
    names: dict[str, str]
    address: str
    source: str


@cache
def bodies() -> tuple[Body, ...]:
    """All of them, the particular ones of a country first."""
    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())["bodies"]
    return tuple(
        Body(frozenset(row["countries"]), row["names"], row["address"], row["source"])
        for row in rows
    )


def outside_help(residence: str) -> tuple[Body, ...]:
    """Who helps somebody who lives there (ISO 3166: `DE`, `DE-BY`); none where we know none."""
    return tuple(body for body in bodies() if residence[:2] in body.countries)
