"""Money in (payments), what providers say (events) and money out (payouts)."""

import uuid

from django.db import models
from django.db.models import F, Q

from fairroam.rules import stages


class Payment(models.Model):
    """One charge at one provider. The counters hold what may still go back."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)  # known to the provider
    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    provider = models.CharField(max_length=20)
    method = models.CharField(max_length=20)  # card, wallet, transfer
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    pending_minor = models.BigIntegerField(default=0)  # reserved when decided, not when sent
    # Of what the customer's bank took back in lost disputes: what we owed them anyway.
    charged_back_minor = models.BigIntegerField(default=0)
    is_disputed = models.BooleanField(default=False)  # a dispute is open
    stage = models.CharField(max_length=12, default="prepared")
    provider_ref = models.CharField(max_length=80, null=True)
    pay_url = models.URLField(max_length=2000, default="")  # some carry a long state
    description = models.CharField(max_length=200)
    language = models.CharField(max_length=10)
    return_url = models.URLField(max_length=400)
    prepared_at = models.DateTimeField()
    captured_at = models.DateTimeField(null=True)
    ask_at = models.DateTimeField(null=True)  # when to ask about it if nothing is told till then

    class Meta:
        indexes = [models.Index(fields=["ask_at"], name="payments_to_ask_about")]
        constraints = [
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0)
                & Q(pending_minor__gte=0)
                & Q(charged_back_minor__gte=0)
                & Q(
                    captured_minor__gte=F("refunded_minor")
                    + F("pending_minor")
                    + F("charged_back_minor")
                ),
                name="never_more_back_than_was_captured",
            ),
            models.CheckConstraint(
                condition=Q(captured_minor__in=[0, F("amount_minor")]) & Q(amount_minor__gt=0),
                name="a_payment_is_captured_whole_or_not_at_all",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.PAYMENT))),
                name="a_payment_has_a_known_stage",
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_ref"], name="a_provider_s_payment_is_known_once"
            ),
        ]


class ProviderEvent(models.Model):
    """A notice from a provider, kept as it came; applied once."""

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    content = models.JSONField()
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=12, default="received")
    reason = models.CharField(max_length=200, default="")
    # How a person ended what was quarantined: assigned, booked, dismissed; a transfer that arrived:
    # taken, sent_back. Why, in their words.
    conclusion = models.CharField(max_length=12, default="")
    words = models.TextField(default="")
    concluded_by = models.CharField(max_length=60, default="")  # "staff:3"
    concluded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    outcome__in=["received", "applied", "ignored", "quarantined", "concluded"]
                ),
                name="a_provider_event_has_a_known_outcome",
            ),
            models.UniqueConstraint(
                fields=["provider", "event_id"], name="a_provider_event_is_kept_once"
            ),
        ]


class BankAccount(models.Model):
    """Where a customer wants money that cannot go back the way it came. Erased with the account."""

    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    holder = models.CharField(max_length=70)  # as SEPA allows
    iban = models.CharField(max_length=34)  # compact, its check digits looked at
    given_at = models.DateTimeField()
    given_by = models.CharField(max_length=60)  # "customer:7", or "staff:3" for whom has left
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(holder="", iban=""),
                name="an_erased_bank_account_is_empty",
            )
        ]

    @property
    def last4(self) -> str:
        return self.iban[-4:]


class Payout(models.Model):
    """One part of money on its way back. Its key is stored before the call.

    It is owed through the payment it came in by; `rail` says which way it goes.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="payouts")
    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    # True while it may still move by itself; a closing hands it to settlement first.
    is_live = models.BooleanField(null=True, default=True)
    # When the account closed over it: from then on it is owed out of the settlement book.
    handed_over_at = models.DateTimeField(null=True)
    # Who asked for it: "refund:42", "order-line:7", "late:3"; "refund:42/try-2" is a second try.
    cause = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    covered_minor = models.BigIntegerField(default=0)  # of it, what a lost dispute paid already
    stage = models.CharField(max_length=22, default="planned")
    rail = models.CharField(max_length=30, default="card@1")  # as chosen when it was planned
    is_by_hand = models.BooleanField(default=False)  # a transfer that people at the desk send
    rerouted_why = models.CharField(max_length=20, default="")  # why it goes another way
    # Owed to who redeemed the voucher that somebody else had paid: what the payer's bank takes back
    # pays nothing of it.
    is_in_good_faith = models.BooleanField(default=False)
    account = models.ForeignKey(BankAccount, models.PROTECT, null=True)
    expected_from = models.DateField(null=True)  # frozen when it set out: local days
    expected_by = models.DateField(null=True)
    pay_by = models.DateField(null=True)  # the law's or our promise's last day for sending it
    alarmed_at = models.DateTimeField(null=True)  # somebody was told that this day is near
    provider_ref = models.CharField(max_length=80, default="")
    reason = models.CharField(max_length=80, default="")  # why it failed, the provider's code
    attempts = models.PositiveIntegerField(default=0)
    planned_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    is_counted = models.BooleanField(default=False)  # by the order line whose cause it is
    ask_at = models.DateTimeField(null=True)  # as with payments
    sent_by_id = models.BigIntegerField(null=True)  # the user at the desk who sent a transfer
    confirmed_by_id = models.BigIntegerField(null=True)  # and who saw it on the bank's statement

    raw_constraints = ("a_payout_lives_only_under_an_open_account",)

    class Meta:
        indexes = [
            models.Index(fields=["ask_at"], name="payouts_to_ask_about"),
            models.Index(fields=["stage", "pay_by"], name="payouts_by_stage_and_day"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="a_payout_pays_something"),
            models.CheckConstraint(
                condition=Q(covered_minor__gte=0) & Q(covered_minor__lte=F("amount_minor")),
                name="a_payout_is_covered_at_most_whole",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.PAYOUT))),
                name="a_payout_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(sent_by_id__isnull=True)
                | Q(confirmed_by_id__isnull=True)
                | ~Q(sent_by_id=F("confirmed_by_id")),
                name="four_eyes_see_every_transfer",
            ),
            models.UniqueConstraint(
                fields=["cause", "payment"], name="one_payout_per_cause_and_payment"
            ),
        ]

    @property
    def to_send_minor(self) -> int:
        """What of it really goes out: all but what a chargeback paid."""
        return self.amount_minor - self.covered_minor


class Dispute(models.Model):
    """A customer's bank took money of a payment back and asks us why it should not keep it."""

    provider = models.CharField(max_length=20)
    provider_ref = models.CharField(max_length=80)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="disputes")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0)  # what the provider takes for a lost one
    stage = models.CharField(max_length=12, default="open")
    heard_at = models.DateTimeField()
    # When the provider told this amount; of two amounts the later one counts.
    amount_told_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    words = models.TextField(default="")  # what a person noted about it
    seen_by = models.CharField(max_length=60, default="")  # who took a loss to notice
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_ref"], name="a_dispute_is_known_once"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.DISPUTE))),
                name="a_dispute_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) & Q(fee_minor__gte=0),
                name="a_dispute_is_about_something",
            ),
        ]


class LateMoney(models.Model):
    """Money that came, or came back, for an account that had closed: nobody's until it is sent.

    Money that was waived and is claimed later goes the same way.
    """

    payment = models.ForeignKey(Payment, models.PROTECT)
    returned = models.OneToOneField(
        Payout, models.PROTECT, null=True, related_name="late"
    )  # null: a late capture, or claimed by a waiver
    cause = models.CharField(max_length=60, default="")  # "waiver:3": by what it was claimed
    # Whose it is where that is not who paid, and the account that the claimant named.
    owed_to = models.ForeignKey("customers.Customer", models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey(BankAccount, models.PROTECT, null=True, related_name="+")
    sending = models.ForeignKey(Payout, models.PROTECT, null=True, related_name="sends_late")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    stage = models.CharField(max_length=8, default="waiting")
    came_at = models.DateTimeField()
    keep_until = models.DateField(null=True)
    words = models.TextField(default="")  # why it is kept

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="late_money_is_something"),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.LATE_MONEY))),
                name="late_money_has_a_known_stage",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(returned__isnull=True, cause=""),
                name="a_late_capture_is_kept_once",
            ),
            models.UniqueConstraint(
                fields=["cause", "payment"],
                condition=~Q(cause=""),
                name="what_was_waived_is_claimed_once",
            ),
        ]


class ReportLine(models.Model):
    """One line of a provider's daily report, as it told it last."""

    provider = models.CharField(max_length=20)
    day = models.DateField()  # UTC
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    ref = models.CharField(max_length=80)
    payment_ref = models.CharField(max_length=80, default="")
    reference = models.CharField(max_length=80, default="")  # ours, where the line has one
    currency = models.CharField(max_length=3)
    minor = models.BigIntegerField()  # signed: below 0 is what left the provider

    class Meta:
        indexes = [models.Index(fields=["provider", "kind", "ref"], name="report_lines_by_subject")]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "day", "position"], name="a_report_line_has_its_place"
            )
        ]


class Difference(models.Model):
    """What the provider's reports and our clearing book say differently of one thing."""

    provider = models.CharField(max_length=20)
    day = models.DateField()  # of the report, or of our booking, in which it was found
    kind = models.CharField(max_length=20)
    ref = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    ours_minor = models.BigIntegerField()  # signed alike: what we booked so far
    theirs_minor = models.BigIntegerField()  # what their reports say so far
    found_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    # by_itself: both say the same by now; their_mistake or booked: a person said so, and why.
    resolution = models.CharField(max_length=14, default="")
    words = models.TextField(default="")
    resolved_by = models.CharField(max_length=60, default="")

    class Meta:
        indexes = [models.Index(fields=["resolved_at", "day"], name="differences_still_open")]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "kind", "ref", "currency"], name="a_difference_is_found_once"
            ),
            models.CheckConstraint(
                condition=Q(resolution="", resolved_at__isnull=True)
                | Q(
                    resolution__in=["by_itself", "their_mistake", "booked"],
                    resolved_at__isnull=False,
                ),
                name="a_difference_is_open_or_has_its_end",
            ),
        ]
