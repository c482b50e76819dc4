"""Files about a plan: given with a request, at a trouble or later; the case has and counts them."""

from __future__ import annotations

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fairroam.apps.evidence.models import Evidence
from fairroam.apps.journal.models import Event
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries
from fairroam.apps.refunds.models import Exhibit, RefundRequest
from fairroam.apps.refunds.operations import exhibiting
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask, use
from tests.apps.refunds_given import GIGABYTE, MONTHS_LATER
from tests.files_given import a_picture
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture(autouse=True)
def at_three():
    with time_machine.travel(LATER, tick=False) as clock:
        yield clock


def sign_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def upload(name: str = "settings.png", **look: object) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, a_picture(**look))


def ask_with_file(client: Client, line, *files: SimpleUploadedFile) -> RefundRequest:
    path = f"/account/lines/{line.pk}/refund/"
    form = client.get(path).context["form"]
    typed = {"key": form["key"].value(), "currency": "EUR", "words": "No network in Osaka."}
    review = client.post(path, typed | {"uploads": list(files)})
    assert "settings.png" in words_of(client.get(review.url))
    client.post(review.url)
    return RefundRequest.objects.get(order_line=line)


@pytest.mark.promise(27)
def test_a_picture_goes_with_the_request_and_both_sides_of_the_case_have_it(at_three):
    line = a_ready_line()
    use(line, GIGABYTE)
    at_three.move_to(MONTHS_LATER)
    client = sign_in(line.order.customer.user)

    refund = ask_with_file(client, line, upload(), upload())

    assert Evidence.objects.count() == 1, "the same file is kept once"
    assert "settings.png" in words_of(client.get(f"/account/refunds/{refund.pk}/"))
    agent = sign_in(given.a_colleague())
    case = agent.get(f"/desk/refunds/{refund.pk}/")
    [(file, _custody)] = case.context["files"]
    address = f"/desk/refunds/{refund.pk}/files/{file.id}/"
    assert address in case.content.decode()
    saved = agent.get(address)
    assert (saved.status_code, saved["Content-Type"]) == (200, "image/png")
    assert saved["Content-Disposition"].startswith("attachment")
    assert Event.objects.filter(kind="evidence.shown", actor__startswith="staff:").count() == 1
    assert list(find_faults()) == []


def test_the_desk_gets_no_file_that_is_none_of_the_case():
    line, other = a_ready_line(), a_ready_line(email="bo@example.com")
    refund = ask_with_file(sign_in(line.order.customer.user), line, upload())
    ask_with_file(sign_in(other.order.customer.user), other, upload(colour="red"))
    foreign = Exhibit.objects.get(order_line=other).evidence_id
    agent = sign_in(given.a_colleague())

    assert agent.get(f"/desk/refunds/{refund.pk}/files/{foreign}/").status_code == 404
    assert Client().get(f"/desk/refunds/{refund.pk}/files/{foreign}/").status_code == 302


@pytest.mark.promise(28)
def test_what_is_shown_at_a_trouble_completes_the_case_of_its_plan_alone(at_three):
    line, other = a_ready_line(), a_ready_line("europe-5gb-15d")
    client = sign_in(line.order.customer.user)
    page = f"/account/lines/{line.pk}/trouble/"
    client.post(page, {"act": "open", "cause": "technical"})
    for one in (line, other):
        refunds.open_trouble(
            order_line_id=one.pk, customer_id=one.order.customer_id, cause="technical", now=LATER
        )
        use(one, 1000)
    at_three.move_to(MONTHS_LATER)
    client = sign_in(line.order.customer.user)
    cases = [ask(one, now=MONTHS_LATER, words="In Osaka.").pk for one in (line, other)]
    assert ["evidence" in queries.case(case).missing for case in cases] == [True, True]

    assert client.post(page, {"act": "show"}).status_code == 422
    assert client.post(page, {"act": "show", "uploads": [upload()]}).status_code == 302

    assert "settings.png" in words_of(client.get(page))
    assert Evidence.objects.get().kind == "network_failure"
    assert ["evidence" in queries.case(case).missing for case in cases] == [False, True]


def test_an_answer_can_bring_what_was_missing(at_three):
    line = a_ready_line()
    use(line, GIGABYTE)
    at_three.move_to(MONTHS_LATER)
    refund = ask(line, now=MONTHS_LATER)
    agent = given.a_colleague()
    refunds.ask_more(
        request_id=refund.pk,
        staff_user_id=agent.pk,
        missing=["evidence"],
        words="A picture, please.",
        now=MONTHS_LATER,
    )
    client = sign_in(line.order.customer.user)

    answer = {"words": "Here it is.", "uploads": [upload()]}
    assert client.post(f"/account/refunds/{refund.pk}/answer/", answer).status_code == 302

    assert [file.name for file in queries.files_of(refund.pk)] == ["settings.png"]


def test_what_is_no_picture_and_what_is_too_much_is_refused_and_asks_for_nothing(monkeypatch):
    line = a_ready_line()
    client = sign_in(line.order.customer.user)
    path = f"/account/lines/{line.pk}/refund/"
    typed = {"key": client.get(path).context["form"]["key"].value(), "words": "Look."}

    program = SimpleUploadedFile("a.png", b"MZ\x90\x00 nothing to see")
    refused = client.post(path, typed | {"uploads": [program]})
    monkeypatch.setattr(exhibiting, "FILES_MAX", 1)
    two = [upload(), upload(colour="red")]
    too_many = client.post(path, typed | {"uploads": two})

    assert refused.context["refusal"]["code"] == "file-unknown"
    assert "Look." in refused.content.decode(), "what was typed stays"
    assert too_many.context["refusal"]["code"] == "too-many-files"
    assert not Evidence.objects.exists()
    assert client.get("/account/refunds/1/").status_code == 404
