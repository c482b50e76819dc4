"""Which fields of lines are personal, and what closing an account does with them.

The EID names a person's phone, the code opens a profile, a line's name is the customer's own
words ("Mum's phone"): all go. So does the tie between a person and a number; that the number was
disconnected, when and why stays with the number, which names nobody. The ICCID is the carrier's;
it stays, since usage records and bills are counted by it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from fairroam.apps.esims.models import (
    CarrierNotice,
    IdentityCheck,
    Keeping,
    Line,
    PortOut,
    Profile,
)


def erase(customer_id: int) -> dict[str, int]:
    """Empty chip numbers and codes; how many values were erased, per field."""
    profiles = Profile.objects.filter(customer_id=customer_id)
    notices = _notices(customer_id)
    lines = Line.objects.filter(customer_id=customer_id)
    return {
        **_erase_numbers(customer_id),
        "esims_line.name": lines.exclude(name="").update(name=""),
        "esims_profile.eid": profiles.exclude(eid="").update(eid=""),
        "esims_profile.matching_id": profiles.exclude(matching_id="").update(matching_id=""),
        "esims_carriernotice.eid": notices.exclude(eid="").update(eid=""),
    }


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    profiles = Profile.objects.filter(customer_id=customer_id)
    left = profiles.exclude(eid="", matching_id="").count()
    left += Line.objects.filter(customer_id=customer_id).exclude(name="").count()
    left += sum(rows.count() for rows in _numbers(customer_id).values())
    return left + _notices(customer_id).exclude(eid="").count()


def _notices(customer_id: int) -> QuerySet[CarrierNotice]:
    iccids = Profile.objects.filter(customer_id=customer_id, iccid__isnull=False)
    return CarrierNotice.objects.filter(iccid__in=iccids.values("iccid"))


def _numbers(customer_id: int) -> dict[str, QuerySet[Any]]:
    """What still says whose number it was, or who somebody is: field -> its rows."""
    checks = IdentityCheck.objects.filter(customer_id=customer_id)
    return {
        "number": Keeping.objects.filter(customer_id=customer_id, number__isnull=False),
        "code": PortOut.objects.filter(keeping__customer_id=customer_id).exclude(code=""),
        "person_sha256": checks.exclude(person_sha256=""),
        "page_url": checks.exclude(page_url=""),
        "check_ref": checks.exclude(check_ref=""),
    }


def _erase_numbers(customer_id: int) -> dict[str, int]:
    erased = {}
    for field, rows in _numbers(customer_id).items():
        empty = None if field == "number" else ""
        erased[f"{rows.model._meta.db_table}.{field}"] = rows.update(**{field: empty})
    return erased
