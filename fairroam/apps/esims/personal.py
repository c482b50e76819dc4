"""Which fields of lines are personal, and what closing an account does with them.

The EID names a person's phone, the code opens a profile, a line's name is the customer's own
words ("Mum's phone"): all go. The ICCID is the carrier's;
it stays, since usage records and bills are counted by it.
"""

from __future__ import annotations

from django.db.models import QuerySet

from fairroam.apps.esims.models import CarrierNotice, Line, Profile


def erase(customer_id: int) -> dict[str, int]:
    """Empty chip numbers and codes; how many values were erased, per field."""
    profiles = Profile.objects.filter(customer_id=customer_id)
    notices = _notices(customer_id)
    lines = Line.objects.filter(customer_id=customer_id)
    return {
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
    return left + _notices(customer_id).exclude(eid="").count()


def _notices(customer_id: int) -> QuerySet[CarrierNotice]:
    iccids = Profile.objects.filter(customer_id=customer_id, iccid__isnull=False)
    return CarrierNotice.objects.filter(iccid__in=iccids.values("iccid"))
