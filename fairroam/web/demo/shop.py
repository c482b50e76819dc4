"""The demo shop: brand, plans and packs from `catalogue.toml`, coverage and taxes beside it."""

from __future__ import annotations

import tomllib
from datetime import datetime
from importlib.resources import files

from fairroam.apps.catalogue import operations as catalogue
from fairroam.apps.esims.operations import numbers_stock
from fairroam.apps.papers import operations as papers
from fairroam.apps.wallet import operations as wallet


def furnish(*, now: datetime) -> None:
    """Make the shop ready to sell; safe to repeat."""
    folder = files("fairroam.web.demo")
    content = tomllib.loads((folder / "catalogue.toml").read_text())
    catalogue.name_brand(**content["brand"])
    catalogue.publish_packs(now=now)
    papers.ensure_signing_key(now=now)
    tables = {"reference.toml": (folder / "reference.toml").read_bytes()}
    catalogue.import_tables(tables, today=now.date())
    for plan in content["plans"]:
        catalogue.offer_plan(**plan)
    for agreed in content["wallet"]:
        wallet.set_terms(**agreed, now=now)
    for stock in content["numbers"]:
        numbers_stock.stock(**stock, actor="system", now=now)
