"""Which fields of lines are personal, and what closing an account does with them.

The EID names a person's phone and the code opens a profile: both go. The ICCID is the carrier's;
it stays, since usage records and bills are counted by it.
"""

from __future__ import annotations

from django.db.models import QuerySet

from fairroam.apps.esims.models import CarrierNotice, Profile


def erase(customer_id: int) -> dict[str, int]:
    """Empty chip numbers and codes; how many values were erased, per field."""
    profiles = Profile.objects.filter(customer_id=customer_id)
    notices = _notices(customer_id)
    return {
        "esims_profile.eid": profiles.exclude(eid="").update(eid=""),
        "esims_profile.matching_id": profiles.exclude(matching_id="").update(matching_id=""),
        "esims_carriernotice.eid": notices.exclude(eid="").update(eid=""),
    }


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    profiles = Profile.objects.filter(customer_id=customer_id)
    left = profiles.exclude(eid="", matching_id="").count()
    return left + _notices(customer_id).exclude(eid="").count()


def _notices(customer_id: int) -> QuerySet[CarrierNotice]:
    iccids = Profile.objects.filter(customer_id=customer_id, iccid__isnull=False)
    return CarrierNotice.objects.filter(iccid__in=iccids.values("iccid"))
