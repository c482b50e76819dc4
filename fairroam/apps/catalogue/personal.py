"""The catalogue is about what is sold, and about nobody."""

from __future__ import annotations

from fairroam.apps.journal.personal import PROGRAM, SHOP, Table

TABLES = (
    Table(name="catalogue_edition", ours={PROGRAM: "id key"}),
    Table(
        name="catalogue_plan",
        ours={
            SHOP: "id code names countries validity_days currency price_minor list_price_minor"
            " profile_type promise number_rule supplier supplier_package wholesale_minor"
            " wholesale_currency is_offered is_top_up is_trial is_profile_reusable networks"
            " fair_use fair_use_on is_hotspot_allowed throttled_after_bytes throttled_to_kbps"
        },
    ),
    Table(name="catalogue_planallowance", ours={SHOP: "id plan_id kind granted weight"}),
    Table(name="catalogue_taxrate", ours={SHOP: "id country rate from_on source"}),
    Table(name="catalogue_operator", ours={SHOP: "id country name mcc mnc is_fictional"}),
    Table(
        name="catalogue_coverage",
        ours={SHOP: "id profile_type country operator_id radio as_of edition source"},
    ),
    Table(
        name="catalogue_device",
        ours={SHOP: "id maker model esim notes is_fictional as_of source"},
    ),
    Table(
        name="catalogue_localtariff",
        ours={
            SHOP: "id country operator name price_minor currency granted_bytes days is_fictional"
            " is_hidden source seen_on"
        },
    ),
    Table(name="catalogue_pack", ours={SHOP: "id name version content published_at"}),
    Table(
        name="catalogue_brand",
        ours={
            SHOP: "id name legal_name address tax_number email imprint privacy accent"
            " accent_night logo logo_type logo_sha256"
        },
    ),
)
