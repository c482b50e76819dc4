"""Which fields of lines are personal, and what closing an account does with them.

The EID names a person's phone, the code opens a profile, a line's name is the customer's own
words ("Mum's phone"): all go. So does the tie between a person and a number; that the number was
disconnected, when and why stays with the number, which names nobody. The ICCID is the carrier's;
it stays, since usage records and bills are counted by it.
"""

from __future__ import annotations

from django.db.models import Q

from fairroam.apps.esims.models import Profile
from fairroam.apps.journal import personal
from fairroam.apps.journal.personal import (
    BOOKS,
    GUARD,
    KEY,
    PROGRAM,
    PROOF,
    SECRET,
    STAFF,
    STEP,
    USAGE,
    Table,
)


def _notices_of(customer_id: int) -> Q:
    """Carriers name a card number; whose it was, the profile says."""
    iccids = Profile.objects.filter(customer_id=customer_id, iccid__isnull=False)
    return Q(iccid__in=iccids.values("iccid"))


TABLES = (
    Table(
        name="esims_line",
        about="lines",
        whose="customer_id",
        why=BOOKS,
        kept="order_line_id stage preferred_networks made_at ending_at ended_at",
        erased="name",
        ours={KEY: "customer_id is_live end_key", STEP: "stuck_at"},
    ),
    Table(
        name="esims_carriernotice",
        about="lines",
        whose=_notices_of,
        why=USAGE,
        kept="iccid point succeeded happened_at received_at",
        erased="eid",
        ours={KEY: "id key_sha256"},
    ),
    Table(
        name="esims_profile",
        about="lines",
        whose="customer_id",
        why=USAGE,
        kept="id line_id profile_type is_reusable stage iccid smdp_address planned_at helped_at",
        erased="eid matching_id",
        withheld={SECRET: "matching_id"},
        ours={KEY: "customer_id is_live"},
    ),
    Table(
        name="esims_lineact",
        about="lines",
        whose="line__customer_id",
        why=PROOF,
        kept="line_id profile_id kind stage wish reason asked_at ended_at",
        ours={KEY: "id is_live key call", STEP: "stuck_at", STAFF: "actor"},
    ),
    Table(
        name="esims_codelink",
        about="lines",
        whose="order__customer_id",
        why=PROOF,
        kept="order_id made_at used_at",
        ours={KEY: "id"},
    ),
    Table(
        name="esims_activationfact",
        about="lines",
        whose="profile__customer_id",
        why=USAGE,
        kept="profile_id kind happened_at source recorded_at",
        ours={KEY: "id"},
    ),
    Table(
        name="esims_carriercall",
        about="lines",
        whose="profile__customer_id",
        why=PROOF,
        kept="profile_id function iccid outcome sent_at",
        ours={KEY: "id call_id"},
    ),
    # A number by itself names nobody; `esims_keeping` ties it to its owner.
    Table(
        name="esims_number",
        ours={
            PROGRAM: "id e164 rule donor stage stocked_at disconnected_at disconnect_reason"
            " quarantine_until"
        },
    ),
    Table(
        name="esims_keeping",
        about="numbers",
        whose="customer_id",
        why=PROOF,
        kept="line_id stage rule asked_at kept_from ended_at automatic_rule automatic_agreed_at"
        " paid_until renews renewal_id review_reason",
        erased="number_id",
        withheld={GUARD: "review_reason"},
        ours={KEY: "customer_id is_live", STEP: "warned_deadline warned_days"},
    ),
    Table(
        name="esims_qualifyingact",
        about="numbers",
        whose="keeping__customer_id",
        why=PROOF,
        kept="keeping_id kind happened_at source recorded_at",
        ours={KEY: "id ref"},
    ),
    Table(
        name="esims_keepalive",
        about="numbers",
        whose="keeping__customer_id",
        why=PROOF,
        kept="keeping_id act rule deadline stage reason asked_at ended_at",
        ours={KEY: "id key"},
    ),
    Table(
        name="esims_portout",
        about="numbers",
        whose="keeping__customer_id",
        why=PROOF,
        kept="keeping_id stage expires_at reason asked_at ended_at",
        erased="code",
        withheld={SECRET: "code"},
        ours={KEY: "id key is_live"},
    ),
    Table(
        name="esims_identitycheck",
        about="numbers",
        whose="customer_id",
        why=PROOF,
        kept="stage asked_at ended_at",
        erased="person_sha256 page_url check_ref",
        withheld={GUARD: "person_sha256", SECRET: "page_url check_ref"},
        ours={KEY: "id customer_id key", STAFF: "decided_by"},
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Empty chip numbers and codes; how many values were erased, per column."""
    return personal.erase(TABLES, customer_id)


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    return personal.remains(TABLES, customer_id)
