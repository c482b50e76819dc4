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
    found: dict[int, list[str]] = {}
    for row in table_now(profile_type, country):
        found.setdefault(row.operator_id, []).append(row.radio)
    return found


def table_now(profile_type: str, country: str) -> list[Coverage]:
    """The rows that count now, by radio; none where nobody told anything."""
    told = Coverage.objects.filter(profile_type=profile_type, country=country)
    newest = told.order_by("-as_of", "-edition").first()
    if newest is None:
        return []
    return list(told.filter(as_of=newest.as_of, edition=newest.edition).order_by("radio"))
