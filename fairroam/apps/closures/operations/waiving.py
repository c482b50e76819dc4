"""A balance that no way of paying takes back: given up, signed for, and claimed later after all.

It is a debt of ours meanwhile, in a book of its own, and never income by itself.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from fairroam.apps.closures.models import Waiver, WaiverPart
from fairroam.apps.closures.queries.waivers import (
    digest_of_code,
    house_day,
    waivable,
    waiver_by_code,
)
from fairroam.apps.closures.refusals import (
    NoSuchWaiver,
    NotWaivable,
    WaiverClaimed,
    WaiverOver,
    WordsMissing,
)
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers import queries as people
from fairroam.apps.customers.queries import Proof
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.papers import operations as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments import operations as payments
from fairroam.apps.wallet import operations as wallet
from fairroam.rules.money import Money
from fairroam.rules.numbers import new_number
from fairroam.rules.waivers import claim_by

CODE_GROUPS = 4  # 79 bits: a code that nobody guesses, and that people can type


def sign_waiver(
    *, customer_id: int, amount: Money, key: UUID, proof: Proof | None, now: datetime
) -> Waiver:
    """Give up so much of a balance that has no way home; the paper says how to claim it.

    key: of the form; sent again it gives the same waiver. Raises NotWaivable, NotEnoughCredit,
    StepUpRequired, RecentContactChange, AccountClosed, KeyReused.
    """

    def work() -> dict[str, Any]:
        return {"waiver_id": open_waiver(customer_id, amount, proof, now).pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="waiver",
        key=str(key),
        request={"currency": amount.currency, "minor": amount.minor},
        work=work,
        now=now,
    )
    return Waiver.objects.select_related("paper").get(pk=answer["waiver_id"])


@transaction.atomic
def open_waiver(customer_id: int, amount: Money, proof: Proof | None, now: datetime) -> Waiver:
    customers.allow_guarded_act(customer_id=customer_id, kind="payout_change", proof=proof, now=now)
    if not 0 < amount.minor <= waivable(customer_id, amount.currency, now):
        raise NotWaivable(customer_id=customer_id)
    last_day = last_day_of_claim(now)
    code = new_number("WC", groups=CODE_GROUPS)
    paper = write(customer_id, amount, code, last_day, now)
    waiver = Waiver.objects.create(
        customer_id=customer_id,
        paper=paper,
        code_digest=digest_of_code(paper.number, code),
        currency=amount.currency,
        amount_minor=amount.minor,
        signed_at=now,
        claim_by=last_day,
    )
    taken = wallet.waive(
        customer_id=customer_id,
        currency=amount.currency,
        minor=amount.minor,
        cause=f"waiver:{waiver.pk}",
        now=now,
    )
    WaiverPart.objects.bulk_create(
        WaiverPart(waiver=waiver, payment_id=payment_id, minor=minor) for payment_id, minor in taken
    )
    tell(waiver, "waiver.signed", actor=f"customer:{customer_id}", now=now)
    return waiver


def last_day_of_claim(now: datetime) -> date:
    """Until when what is waived now can be claimed."""
    return claim_by(house_day(now), years=settings.FAIRROAM_WAIVER_YEARS)


def write(customer_id: int, amount: Money, code: str, last_day: date, now: datetime) -> Paper:
    """The paper: the amount, what it means, and the code for whoever holds it."""
    customer = people.customer(customer_id)
    with translation.override(customer.language.lower()):
        reasons = [
            {
                "code": "WAIVED",
                "text": _("Balance that you gave up of your own will"),
                "amount": amount,
                "why": _("No payment that it came in by takes it back, and you named no account."),
            },
            {
                "code": "STILL_OWED",
                "text": _("We go on owing it; it is no income of ours"),
                "why": _("Whoever shows number and code has it sent to a bank account."),
                "until": last_day,
            },
        ]
    return papers.issue(
        kind="waiver",
        statement={
            "zone": customer.zone,
            "customer": customer.number,
            "signed_at": now,
            "reasons": reasons,
            "total": amount,
            "code": code,
            "claim_address": f"{settings.FAIRROAM_ADDRESS}/claim/",
            "claim_by": last_day,
        },
        language=customer.language,
        customer_id=customer_id,
        now=now,
    )


@transaction.atomic
def claim_waiver(*, number: str, code: str, holder: str, iban: str, now: datetime) -> Waiver:
    """Claim waived money by what its paper says; people send it to that account. Once.

    Raises NoSuchWaiver, WaiverClaimed, WaiverOver, IbanWrong.
    """
    waiver = waiver_by_code(number, code)
    if waiver is None:
        raise NoSuchWaiver
    customers.lock(waiver.customer_id)
    waiver = Waiver.objects.get(pk=waiver.pk)
    if waiver.stage == "claimed":
        raise WaiverClaimed(waiver_id=waiver.pk)
    if waiver.stage == "lapsed" or house_day(now) > waiver.claim_by:
        raise WaiverOver(waiver_id=waiver.pk)
    end(waiver, "claimed", now)
    for part in waiver.parts.order_by("payment_id"):
        payments.owe_waived(
            payment_id=part.payment_id,
            owed_to=waiver.customer_id,
            amount_minor=part.minor,
            cause=f"waiver:{waiver.pk}",
            holder=holder,
            iban=iban,
            now=now,
        )
    tell(waiver, "waiver.claimed", actor="holder", now=now)
    return waiver


@transaction.atomic
def conclude_waiver(
    *, waiver_id: int, until: date | None, words: str, staff_user_id: int, now: datetime
) -> None:
    """A person decides about a waiver whose time is over: prolong it, or (None) let it lapse.

    What lapses moves to the house's book of what was paid and never used. Nothing else ever makes
    it income. Raises NotAmongYours, MoveNotAllowed, WordsMissing.
    """
    found = Waiver.objects.filter(pk=waiver_id).values_list("customer_id", flat=True).first()
    if found is None:
        raise NotAmongYours(waiver_id=waiver_id)
    customers.lock(found)
    waiver = Waiver.objects.get(pk=waiver_id)
    today = house_day(now)
    if waiver.stage != "waived" or waiver.claim_by >= today or (until and until <= today):
        raise MoveNotAllowed(waiver_id=waiver_id, stage=waiver.stage)
    if not words.strip():
        raise WordsMissing(waiver_id=waiver_id)
    actor = f"staff:{staff_user_id}"
    waiver.words = words.strip()
    if until is not None:
        waiver.claim_by = until
        waiver.save(update_fields=["claim_by", "words"])
        tell(waiver, "waiver.prolonged", actor=actor, now=now)
        return
    waiver.ended_by = actor
    end(waiver, "lapsed", now)
    waived, breakage = (BookName(kind, waiver.currency) for kind in ("waived", "breakage"))
    entry = Entry(f"waiver:{waiver.pk}/lapsed", waiver.amount_minor, waived, breakage)
    ledger.post([entry], now=now)
    tell(waiver, "waiver.lapsed", actor=actor, now=now)


def end(waiver: Waiver, stage: str, now: datetime) -> None:
    """The one move out of "waived", guarded by that stage."""
    moved = Waiver.objects.filter(pk=waiver.pk, stage="waived").update(
        stage=stage, ended_at=now, ended_by=waiver.ended_by, words=waiver.words
    )
    if moved != 1:
        raise WaiverClaimed(waiver_id=waiver.pk)
    waiver.stage, waiver.ended_at = stage, now


def tell(waiver: Waiver, kind: str, *, actor: str, now: datetime) -> None:
    """Record what happened to a waiver."""
    journal.tell(
        kind,
        actor=actor,
        now=now,
        customer_id=waiver.customer_id,
        waiver_id=waiver.pk,
        amount_minor=waiver.amount_minor,
    )
