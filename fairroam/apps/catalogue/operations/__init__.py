"""Acts upon the catalogue: what is offered, and the dated tables that come from elsewhere."""

from fairroam.apps.catalogue.operations.importing import Imported, import_tables
from fairroam.apps.catalogue.operations.offers import name_brand, offer_plan, publish_packs
from fairroam.apps.catalogue.operations.tariffs import add_tariff, hide_tariff

__all__ = [
    "Imported",
    "add_tariff",
    "hide_tariff",
    "import_tables",
    "name_brand",
    "offer_plan",
    "publish_packs",
]
