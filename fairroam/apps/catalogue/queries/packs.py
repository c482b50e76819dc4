"""Under which promises, and at which tax, something is sold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from fairroam.apps.catalogue.models import Pack, TaxRate
from fairroam.apps.catalogue.queries.shelf import kept


def tax_rate(residence: str, on: date) -> str:
    """The rate inside prices for customers of `residence` on that day; "0" where none is known."""
    known = [rate for from_on, rate in tax_rates(residence[:2]) if from_on <= on]
    return known[-1] if known else "0"


@kept
def tax_rates(country: str) -> tuple[tuple[date, str], ...]:
    """From when on which rate holds in that country, oldest first."""
    rows = TaxRate.objects.filter(country=country).order_by("from_on")
    return tuple(rows.values_list("from_on", "rate"))


def pack_content(name: str) -> dict[str, Any]:
    """The pack "eu-crd@1" as plain data for the rules."""
    pack, _, version = name.partition("@")
    content: dict[str, Any] = Pack.objects.get(name=pack, version=int(version)).content
    return content


def pack_contents(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Those packs by name, as plain data for the rules, read together."""
    wanted = set(names)
    versions = versions_of(frozenset(name.partition("@")[0] for name in wanted))
    return {str(pack): pack.content for pack in versions if str(pack) in wanted}


@kept
def versions_of(names: frozenset[str] | None) -> tuple[Pack, ...]:
    """All versions of those packs, or of every pack, oldest first in each."""
    packs = Pack.objects.order_by("name", "version")
    return tuple(packs if names is None else packs.filter(name__in=names))


def pack_names() -> tuple[str, ...]:
    """Every published version of every pack, such as "house@2", oldest first in each pack."""
    return tuple(str(pack) for pack in Pack.objects.order_by("name", "version"))


def packs_for(residence: str, on: date, promise: str = "house") -> tuple[str, ...]:
    """The packs of an order placed that day: the law of the residence, then our own promise.

    Of each pack the newest version in force counts.
    """
    return tuple(contents_for(residence, on, promise))


def contents_for(residence: str, on: date, promise: str = "house") -> dict[str, dict[str, Any]]:
    """Those packs by name, in their order, as plain data for the rules."""
    newest: dict[str, Pack] = {}
    for pack in versions_of(None):
        if is_in_force(pack.content, on) and (
            pack.name == promise or is_law_of(pack.content, residence)
        ):
            newest[pack.name] = pack
    law_first = sorted(newest.values(), key=lambda pack: (pack.name == promise, pack.name))
    return {str(pack): pack.content for pack in law_first}


def is_law_of(content: dict[str, Any], residence: str) -> bool:
    """Whether a pack applies by itself to customers who live there."""
    where = content.get("applies_when") or {}
    return residence[:2] in where.get("residence_in", ())


def is_in_force(content: dict[str, Any], on: date) -> bool:
    """Whether a pack may be used for orders of that day."""
    day = on.isoformat()
    starts, ends = content.get("effective_from", day), content.get("effective_to", day)
    return bool(str(starts) <= day <= str(ends))
