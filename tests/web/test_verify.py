"""The verify page: what a stranger with a number, a code or a file is told."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fairroam.apps.notices.models import Notice
from fairroam.apps.notices.queries import TOPICS, code_of
from fairroam.apps.papers import operations as papers
from fairroam.apps.papers.operations.keys import ensure_signing_key
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.tasks import MAILS as REFUND_MAILS
from fairroam.proof import sign
from fairroam.web.components.mails import MAILS
from tests.apps.lines_given import a_ready_line, ask_and_end
from tests.apps.papers_given import issued, one_of
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.FAIRROAM_FOLDER = tmp_path


def uploaded(content: bytes | str):
    body = content.encode() if isinstance(content, str) else content
    return Client().post("/verify/", {"file": SimpleUploadedFile("paper", body)})


def verdict(page) -> str:
    return page.content.decode().partition('data-truth="')[2].partition('"')[0]


@pytest.fixture
def refund() -> RefundRequest:
    return ask_and_end(a_ready_line())


@pytest.mark.promise(78)
def test_a_decision_is_computed_again_on_the_page(refund):
    paper = refund.decision_paper
    decision = Decision.objects.get(request=refund)

    by_number = Client().get(f"/verify/{paper.number}/")
    by_file = uploaded(paper.signed)
    by_picture = uploaded(papers.render_pdf(paper))

    for page in (by_number, by_file, by_picture):
        assert verdict(page) == "true"
        amount = f"{decision.due_minor // 100}.{decision.due_minor % 100:02} EUR"
        assert f"by the facts and terms in it: {amount}, the same amount" in words_of(page)


@pytest.mark.promise(78)
@pytest.mark.parametrize("appended", [b"\n", b"\n1 0 obj\n<</Type/Annot>>\nendobj\n%%EOF\n"])
def test_a_true_pdf_with_an_appended_revision_is_changed_and_our_record_is_shown(refund, appended):
    pdf = papers.render_pdf(refund.decision_paper)
    head, seal, line = pdf.rpartition(b"%fairroam-seal ")

    for forged in (pdf + appended, head + appended + seal + line):
        page = uploaded(forged)

        assert verdict(page) == "changed"
        assert "What we have on record under this number" in words_of(page)
        assert refund.decision_paper.number in words_of(page)


@pytest.mark.promise(78)
def test_what_was_changed_is_named_and_the_record_stands_beside_it():
    paper = one_of("receipt")
    forged = json.loads(paper.signed)
    forged["statement"]["total"]["minor"] = 9_999_999

    page = words_of(uploaded(json.dumps(forged)))

    assert "total.minor signed 2148, here 9999999" in page
    assert "€21.48" in page


def test_a_forged_file_does_not_look_up_a_counted_number():
    invoice = issued()
    forged = json.loads(invoice.signed)
    forged["signature"] = forged["signature"][:-8] + "AAAAAAAA"

    page = uploaded(json.dumps(forged))

    assert verdict(page) == "changed"
    assert "FR-7K3M-9Q2T" not in words_of(page)


@pytest.mark.promise(78)
def test_a_key_revoked_from_an_instant_is_told_with_it():
    paper = issued("receipt", now=NOON)
    kid = ensure_signing_key(now=NOON).thumbprint()
    papers.revoke_key(kid, revoked_from=NOON - timedelta(hours=1), actor="staff:1", now=NOON)

    page = uploaded(paper.signed)

    assert verdict(page) == "revoked_key"
    assert "Mon 2 November 2026, 11:00" in words_of(page)
    assert "Our own record holds this very paper" in words_of(page)


@pytest.mark.promise(78)
def test_what_a_thief_of_our_key_signed_is_not_in_our_record():
    paper = one_of("receipt")
    stolen = sign({**paper.statement, "number": "RC-FAKE"}, ensure_signing_key(now=NOON))
    same_number = sign({**paper.statement, "order": "FR-FAKE"}, ensure_signing_key(now=NOON))

    for document in (stolen, same_number):
        page = uploaded(json.dumps(document))

        assert verdict(page) == "unrecorded"
        assert "€21.48" not in words_of(page)


def a_notice(kind: str = "refunds.paid") -> Notice:
    return Notice.objects.create(
        act=f"test:{uuid4()}",
        kind=kind,
        language="en",
        address="ada@example.com",
        subject="Secret subject",
        text="Secret words\n",
        queued_at=NOON,
    )


@pytest.mark.promise(64)
def test_a_mail_is_told_by_its_code_and_nothing_personal_is(client):
    notice = a_notice()

    page = client.get(f"/verify/{code_of(notice.key)}/")
    typed = client.post("/verify/", {"number": code_of(notice.key).lower()}, follow=True)

    for answer in (page, typed):
        assert "We wrote this mail" in words_of(answer)
        assert "Mon 2 November 2026" in words_of(answer)
        assert "money back" in words_of(answer)
        assert "Secret" not in answer.content.decode()
        assert "ada@" not in answer.content.decode()
    assert client.get(f"/verify/{code_of(uuid4())}/").status_code == 404


def test_each_room_that_writes_mails_has_its_words_on_the_page():
    kinds = {kind for kind, _paper in REFUND_MAILS.values()} | set(TOPICS)

    assert {kind.partition(".")[0] for kind in kinds} <= MAILS.keys()
