"""Ask for an account to be closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from fairroam.apps.closures.models import Closure
from fairroam.apps.closures.queries import checklist
from fairroam.apps.closures.refusals import AlreadyClosing, StaffAccount, StillOnItsWay
from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal


def request_closure(*, customer_id: int, key: UUID, now: datetime, actor: str) -> Closure:
    """Begin to close an account; the checklist is frozen as it is now. The steps follow.

    key: of the form; sent again it gives the same closing. Raises StillOnItsWay (its facts name
    what blocks), AlreadyClosing, StaffAccount, AccountClosed.
    """

    def work() -> dict[str, Any]:
        return {"closure_id": open_closure(customer_id=customer_id, now=now, actor=actor).pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="closure",
        key=str(key),
        request={"customer_id": customer_id},
        work=work,
        now=now,
    )
    return Closure.objects.get(pk=answer["closure_id"])


@transaction.atomic
def open_closure(*, customer_id: int, now: datetime, actor: str) -> Closure:
    """Lock the customer, look once more at what blocks, and open the closing."""
    customer = customers.lock_open(customer_id)
    if customer.user is not None and customer.user.is_staff:
        raise StaffAccount(customer_id=customer_id)
    if Closure.objects.filter(customer_id=customer_id).exclude(stage="reversed").exists():
        raise AlreadyClosing(customer_id=customer_id)
    listed = checklist(customer_id, now)
    if not listed.is_clear:
        raise StillOnItsWay(blockers=[item.as_json() for item in listed.blockers])
    closure = Closure.objects.create(
        customer=customer,
        checklist=listed.as_json(),
        requested_at=now,
        language=customer.language,
    )
    customers.begin_leaving(customer_id=customer_id, now=now)
    journal.tell(
        "closure.requested", actor=actor, now=now, customer_id=customer_id, closure_id=closure.pk
    )
    return closure
