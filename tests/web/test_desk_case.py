"""A case at the desk whose figures move while it waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from fairroam.apps.conversations.operations import NewFile
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.journal.models import Event
from fairroam.apps.refunds import operations, queries
from fairroam.apps.refunds.models import Case as DeskCase
from fairroam.worker.books import find_faults
from tests.apps.lines_given import LATER, a_ready_line, ask, prove_off, use
from tests.apps.refunds_given import GIGABYTE
from tests.files_given import a_picture
from tests.given import a_colleague
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")


def test_a_case_whose_figures_moved_shows_the_new_ones_and_can_then_be_approved():
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = ask(line, wish_minor=1900, is_flagged=True)
    prove_off(line, now=LATER)
    before = queries.case(refund.pk).refund.decision
    use(line, GIGABYTE, at=LATER - timedelta(minutes=30))  # it was used before it was off
    desk = Client()
    desk.force_login(a_colleague())

    looked = desk.post(f"/desk/refunds/{refund.pk}/", {"act": "approve"})
    shown = looked.context["case"].refund.decision
    approved = desk.post(f"/desk/refunds/{refund.pk}/", {"act": "approve"})

    assert (looked.status_code, approved.status_code) == (409, 302)
    assert 0 < shown.due_minor < before.due_minor
    refund.refresh_from_db()
    assert (refund.stage, queries.case(refund.pk).refund.decision.due_minor) == (
        "approved",
        shown.due_minor,
    )
    assert list(find_faults()) == []


@pytest.mark.promise(29)
def test_a_case_says_who_had_each_file_in_their_hands():
    refund = ask(a_ready_line(), wish_minor=1900, is_flagged=True)
    file = NewFile(evidence.clean(a_picture()), "shot.png", "activation_failure")
    operations.add_files(
        order_line_id=refund.order_line_id, customer_id=refund.customer_id, files=[file], now=LATER
    )
    [kept] = queries.files_of(refund.pk)
    desk, colleague = Client(), a_colleague()
    desk.force_login(colleague)
    assert desk.get(f"/desk/refunds/{refund.pk}/files/{kept.id}/").status_code == 200

    page = words_of(desk.get(f"/desk/refunds/{refund.pk}/"))

    assert f"SHA-256 {kept.kept_sha256}" in page
    assert "the customer: added it" in page
    assert f"{colleague.email}: opened it" in page


def test_nobody_takes_what_the_rules_alone_have_settled():
    line = a_ready_line()
    settled = ask(line)
    prove_off(line, now=LATER)
    desk = Client()
    desk.force_login(a_colleague())
    path = f"/desk/refunds/{settled.pk}/"

    shown = desk.get(path)
    taken = desk.post(path, {"act": "take"})

    assert queries.case(settled.pk).refund.has_case is False  # the rules alone decided
    assert (shown.status_code, taken.status_code) == (200, 409)
    assert 'value="take"' not in shown.content.decode()


@pytest.mark.parametrize(("role", "opens"), [("agent", 403), ("senior", 200), ("operator", 200)])
def test_the_papers_of_a_case_are_open_to_whoever_may_open_the_case(role, opens):
    line, other = a_ready_line(), a_ready_line(email="bo@example.com")
    refund = ask(line, wish_minor=1900, is_flagged=True)
    prove_off(line, now=LATER)
    desk, invoice = Client(), line.order.invoice.number
    desk.force_login(a_colleague(role))
    case = f"/desk/refunds/{refund.pk}/"
    page = f"{case}papers/{invoice}/"

    assert page in desk.get(case).content.decode()
    shown = words_of(desk.get(page))
    assert (invoice in shown, "19.00" in shown) == (True, True)
    assert desk.get(f"{case}papers/{invoice}.pdf")["Content-Type"] == "application/pdf"
    told = Event.objects.filter(kind="paper.shown", customer_id=line.order.customer_id)
    assert told.count() == 2
    assert desk.get(f"{case}papers/{other.order.invoice.number}/").status_code == 404
    DeskCase.objects.update(assigned_to=a_colleague(email="another@fairroam.example"))
    assert desk.get(page).status_code == opens
    assert told.count() == 2 + (opens == 200)
    assert Client().get(page).status_code == 302
