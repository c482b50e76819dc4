"""The demo shop: brand, taxes, plans and packs, from `catalogue.toml`."""

from __future__ import annotations

import tomllib
from datetime import datetime
from importlib.resources import files

from fairroam.apps.catalogue import operations as catalogue
from fairroam.apps.esims.operations import numbers_stock
from fairroam.apps.papers import operations as papers


def furnish(*, now: datetime) -> None:
    """Make the shop ready to sell; safe to repeat."""
    content = tomllib.loads((files("fairroam.web.demo") / "catalogue.toml").read_text())
    catalogue.name_brand(**content["brand"])
    catalogue.publish_packs(now=now)
    papers.ensure_signing_key(now=now)
    for rate in content["tax_rates"]:
        catalogue.set_tax_rate(**rate)
    for plan in content["plans"]:
        catalogue.offer_plan(**plan)
    for stock in content["numbers"]:
        numbers_stock.stock(**stock, actor="system", now=now)
