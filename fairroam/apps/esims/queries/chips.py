"""Which chip an eSIM is on, as the carrier told."""

from __future__ import annotations

from fairroam.apps.esims.models import Profile


def eid_of(order_line_id: int) -> str:
    """The EID of the chip that holds the line's newest profile; "" while nobody told."""
    known = Profile.objects.filter(line_id=order_line_id).exclude(eid="").order_by("-pk")
    return known.values_list("eid", flat=True).first() or ""
