"""Acts upon the catalogue: what is offered, and the dated tables that come from elsewhere."""

from fairroam.apps.catalogue.operations.brand import change_brand, change_logo
from fairroam.apps.catalogue.operations.coverage import add_operator, tell_coverage
from fairroam.apps.catalogue.operations.importing import Imported, import_tables
from fairroam.apps.catalogue.operations.offers import name_brand, offer_plan, publish_packs
from fairroam.apps.catalogue.operations.packs import next_version, publish_pack
from fairroam.apps.catalogue.operations.plans import change_plan
from fairroam.apps.catalogue.operations.tariffs import add_tariff, hide_tariff

__all__ = [
    "Imported",
    "add_operator",
    "add_tariff",
    "change_brand",
    "change_logo",
    "change_plan",
    "hide_tariff",
    "import_tables",
    "name_brand",
    "next_version",
    "offer_plan",
    "publish_pack",
    "publish_packs",
    "tell_coverage",
]
