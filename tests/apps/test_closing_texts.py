"""Text messages about a closing: to a number of one's own choice, never to a line that ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from fairroam.apps.closures import operations, queries, tasks
from fairroam.apps.closures.models import Closure
from fairroam.apps.closures.refusals import NotThisNumber
from fairroam.apps.customers.models import Customer
from fairroam.apps.customers.queries import Proof
from fairroam.apps.journal.models import Event
from fairroam.apps.notices.models import Notice
from sandbox.processes import KEY, SandboxProcess
from tests.apps.closures_given import EVENING
from tests.apps.numbers_given import a_kept_number

pytestmark = pytest.mark.usefixtures("catalogue")
ELSEWHERE, OURS = "+819012345678", "+447700900100"


@pytest.fixture
def provider(settings: Any, tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess.start("sms", tmp_path) as process:
        settings.FAIRROAM_SMS_URL, settings.FAIRROAM_SMS_KEY = process.url, KEY
        yield process


def ask(customer: Customer, phone: str) -> Closure:
    return operations.request_closure(
        customer_id=customer.pk,
        key=uuid4(),
        wish=operations.Wish(timing="after_rest", phone=phone),
        proof=Proof("passkey", EVENING),
        now=EVENING,
        actor="customer",
    )


def tell_all(closure: Closure) -> None:
    """What the queue does with each event, twice."""
    kinds = Event.objects.filter(kind__in=tasks.MAILS, facts__closure_id=closure.pk)
    for event in [*kinds.order_by("pk"), *kinds.order_by("pk")]:
        tasks.tell_customer(kind=event.kind, closure_id=closure.pk, event_id=event.pk, now=EVENING)


@pytest.mark.promise(72)
def test_mail_and_one_text_say_it_and_none_goes_to_the_line_that_ends(provider: SandboxProcess):
    customer = a_kept_number().customer
    with pytest.raises(NotThisNumber):
        ask(customer, OURS)
    closure = ask(customer, ELSEWHERE)
    tell_all(closure)
    operations.undo_closure(closure_id=closure.pk, now=EVENING, actor="customer")
    # Somebody got that number from us in the meantime: it is ours, so nothing goes there.
    Closure.objects.filter(pk=closure.pk).update(sealed_phone=OURS)
    tell_all(closure)

    [sent] = provider.effects("message_sent")
    assert sent["to"] == ELSEWHERE
    assert "http" not in sent["text"]
    assert set(Notice.objects.filter(customer=customer).values_list("kind", flat=True)) >= {
        "closures.requested",
        "closures.undone",
    }
    assert queries.closure_of(customer.pk) is None
