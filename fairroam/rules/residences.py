"""Where a customer lives, and which time zone that means for their deadlines."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def zones_by_country() -> dict[str, str]:
    """ISO 3166 country -> its first IANA zone, from the tz database's own table."""
    table: dict[str, str] = {}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text().splitlines():
        if not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            table.setdefault(country, zone)
    return table


def zone_of(residence: str) -> str | None:
    """The zone of "DE" or "DE-BY"; None for a country that is not known."""
    return zones_by_country().get(residence[:2])
