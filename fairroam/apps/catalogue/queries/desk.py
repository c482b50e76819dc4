"""Reads for whoever tells the catalogue something at the desk."""

from __future__ import annotations

from fairroam.apps.catalogue.models import Coverage, Operator, Plan


def coverage_profile(plan: Plan) -> str:
    """Under which name the coverage of a plan is told; plans of one profile share it."""
    return plan.supplier_package or plan.profile_type


def operators_of(country: str) -> list[Operator]:
    """The networks of a country that we know, by name."""
    return list(Operator.objects.filter(country=country).order_by("name", "mcc", "mnc"))


def radios_now(profile_type: str, country: str) -> dict[int, list[str]]:
    """Operator's id -> its radios, as the newest table of the country says."""
    told = Coverage.objects.filter(profile_type=profile_type, country=country)
    newest = told.order_by("-as_of").values("as_of")[:1]
    found: dict[int, list[str]] = {}
    rows = told.filter(as_of=newest).order_by("radio").values_list("operator_id", "radio")
    for operator_id, radio in rows:
        found.setdefault(operator_id, []).append(radio)
    return found
