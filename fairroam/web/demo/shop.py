"""The demo shop: brand, plans and packs from `catalogue.toml`, coverage and taxes beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

from django.db import transaction

from fairroam.apps.catalogue import operations as catalogue
from fairroam.apps.esims.operations import numbers_stock
from fairroam.apps.papers import operations as papers
from fairroam.apps.wallet import operations as wallet


def furnish(*, now: datetime) -> None:
    """Make the demo's shop ready to sell; safe to repeat."""
    folder = files("fairroam.web.demo")
    tables = {"reference.toml": (folder / "reference.toml").read_bytes()}
    take_in(tomllib.loads((folder / "catalogue.toml").read_text()), tables, now=now)


def take_in(
    content: Mapping[str, Any], tables: Mapping[str, bytes], *, now: datetime
) -> dict[str, int]:
    """Make a shop ready to sell what `content` offers; how many there were of each kind.

    content: `brand`, `plans`, and maybe terms of the `wallet` and `numbers` in stock, as in
    `catalogue.toml`. tables: files of dated tables by name (docs/catalogue-data.md).
    All of it or nothing; what is there already is brought up to date, so that it may be repeated.
    """
    with transaction.atomic():
        catalogue.name_brand(**content["brand"])
        catalogue.publish_packs(now=now)
        papers.ensure_signing_key(now=now)
        catalogue.import_tables(tables, today=now.date())
        for plan in content["plans"]:
            catalogue.offer_plan(**plan)
        for agreed in content.get("wallet", ()):
            wallet.set_terms(**agreed, now=now)
        for stock in content.get("numbers", ()):
            numbers_stock.stock(**stock, actor="system", now=now)
    return {kind: len(content.get(kind, ())) for kind in ("plans", "wallet", "numbers")}
