"""Credit: what each piece of it came from, what became of it, and where it moves to."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from fairroam.rules.balances import BURNS
from fairroam.rules.stages import CREDIT_TRANSFER, VOUCHER, stages, terminal

ORIGINS = ("top_up", "voucher", "transfer", "refund", "offer")


class Terms(models.Model):
    """What a top-up gives and which credit burns first; a later row replaces an earlier one."""

    currency = models.CharField(max_length=3)
    burn = models.CharField(max_length=12)
    least_minor = models.BigIntegerField()
    most_minor = models.BigIntegerField()
    # [[from_minor, bonus_minor], …], rising: the last step that is reached counts.
    bonus_steps = models.JSONField(default=list)
    promo_days = models.PositiveIntegerField()  # how long promotional credit lasts
    transfer_day_minor = models.BigIntegerField()  # what may be given away in 24 hours
    counts_from = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(burn__in=BURNS), name="wallet_terms_burn_somehow"),
            models.CheckConstraint(
                condition=Q(least_minor__gt=0, most_minor__gte=F("least_minor")),
                name="a_top_up_has_its_bounds",
            ),
            models.UniqueConstraint(
                fields=["currency", "counts_from"], name="one_wallet_terms_at_a_time"
            ),
        ]


class TopUp(models.Model):
    """Money that a customer pays into the wallet, and the terms they were shown."""

    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    payment = models.OneToOneField("payments.Payment", models.PROTECT, related_name="top_up")
    currency = models.CharField(max_length=3)
    paid_minor = models.BigIntegerField()
    bonus_minor = models.BigIntegerField()
    burn = models.CharField(max_length=12)
    promo_days = models.PositiveIntegerField()
    asked_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(paid_minor__gt=0, bonus_minor__gte=0), name="a_top_up_pays_something"
            )
        ]


class Voucher(models.Model):
    """Credit behind a code; whoever has the code redeems it, once.

    A gift ("promo") is made at the desk, a sold one ("paid") was bought with a payment. The code
    itself is kept nowhere: it is shown when it is made, and never again.
    """

    kind = models.CharField(max_length=5, default="promo")
    # Null until the buyer lets the code be shown; of the newest code, if it was shown again.
    code_hash = models.CharField(max_length=64, unique=True, null=True)
    code_end = models.CharField(max_length=4, default="")  # tells codes apart
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    credit_days = models.PositiveIntegerField(null=True)  # of a gift: how long its credit lasts
    stage = models.CharField(max_length=9, default="open")
    made_by = models.ForeignKey("customers.StaffMember", models.PROTECT, null=True)
    # It outlives the buyer's account: whoever has the code has its worth.
    buyer = models.ForeignKey(
        "customers.Customer", models.PROTECT, null=True, related_name="vouchers_bought"
    )
    payment = models.OneToOneField(
        "payments.Payment", models.PROTECT, null=True, related_name="voucher"
    )
    made_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    counts_until = models.DateTimeField()
    warned_at = models.DateTimeField(null=True)  # that its end is near
    redeemed_by = models.ForeignKey(
        "customers.Customer", models.PROTECT, null=True, related_name="vouchers_redeemed"
    )
    ended_at = models.DateTimeField(null=True)  # redeemed, called back, given back or lost
    # A bank took a part of its payment: since when it counts all the same, and why a person let
    # it count or ended it.
    upheld_at = models.DateTimeField(null=True)
    words = models.TextField(default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="a_voucher_is_worth_something"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="promo",
                    made_by__isnull=False,
                    credit_days__isnull=False,
                    buyer__isnull=True,
                    payment__isnull=True,
                )
                & ~Q(stage__in=["awaiting", "withdrawn", "lost"])
                | Q(
                    kind="paid",
                    made_by__isnull=True,
                    credit_days__isnull=True,
                    buyer__isnull=False,
                    payment__isnull=False,
                )
                & (Q(stage="awaiting") ^ Q(paid_at__isnull=False))
                & ~Q(stage="stopped"),
                name="a_voucher_is_a_gift_or_was_bought",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages(VOUCHER))), name="a_voucher_has_a_known_stage"
            ),
            models.CheckConstraint(
                condition=Q(stage="redeemed", redeemed_by__isnull=False, ended_at__isnull=False)
                | Q(
                    stage__in=["stopped", "withdrawn", "lost"],
                    redeemed_by__isnull=True,
                    ended_at__isnull=False,
                )
                | Q(
                    stage__in=["awaiting", "open"], redeemed_by__isnull=True, ended_at__isnull=True
                ),
                name="a_redeemed_voucher_names_who_has_it",
            ),
        ]


class VoucherMail(models.Model):
    """To whom the code of a bought voucher is mailed, and from when on.

    Address and words go with the buyer's account, or a month after the mail.
    """

    voucher = models.OneToOneField(
        Voucher, models.PROTECT, primary_key=True, related_name="recipient"
    )
    address = models.EmailField(default="")
    words = models.TextField(default="")  # the buyer's, for whoever gets it
    language = models.CharField(max_length=10)
    due_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)


class Lot(models.Model):
    """Credit of one origin. Paid credit names the payment that it came in by; a gift has none."""

    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="lots")
    is_live = models.BooleanField(null=True, default=True)  # null once nothing is left
    kind = models.CharField(max_length=5)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    left_minor = models.BigIntegerField()
    reserved_minor = models.BigIntegerField(default=0)  # of it, for orders not yet paid
    origin = models.CharField(max_length=8)
    payment = models.ForeignKey("payments.Payment", models.PROTECT, null=True, related_name="lots")
    top_up = models.ForeignKey(TopUp, models.PROTECT, null=True, related_name="lots")
    # One lot per voucher, whatever happens at the same moment.
    voucher = models.OneToOneField(Voucher, models.PROTECT, null=True, related_name="lot")
    expires_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()

    raw_constraints = ("credit_lives_only_under_an_open_account",)

    class Meta:
        indexes = [models.Index(fields=["customer", "currency"], name="lots_by_customer")]
        constraints = [
            models.CheckConstraint(
                condition=Q(reserved_minor__gte=0)
                & Q(left_minor__gte=F("reserved_minor"))
                & Q(amount_minor__gte=F("left_minor"))
                & Q(amount_minor__gt=0),
                name="a_lot_never_falls_below_zero",
            ),
            models.CheckConstraint(
                condition=Q(kind="paid", payment__isnull=False, expires_at__isnull=True)
                | Q(kind="promo", payment__isnull=True),
                name="paid_credit_has_a_payment_and_no_end_a_gift_has_none",
            ),
            models.CheckConstraint(condition=Q(origin__in=ORIGINS), name="a_lot_has_an_origin"),
            models.CheckConstraint(
                condition=Q(left_minor__gt=0, is_live=True, is_live__isnull=False)
                | Q(left_minor=0, is_live__isnull=True),
                name="a_lot_lives_while_something_is_left",
            ),
        ]

    @property
    def is_bonus(self) -> bool:
        """Whether it came with a top-up: it ends once no paid credit is left, as by our terms."""
        return self.kind == "promo" and self.origin == "top_up"


class Move(models.Model):
    """What came into a lot or left it, and why: the wallet's history. Never edited."""

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="moves")
    minor = models.BigIntegerField()  # signed
    cause = models.CharField(max_length=60)  # "top-up:3", "order-line:7", "balance-refund:2"
    moved_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(minor=0), name="a_move_moves_something"),
            models.UniqueConstraint(fields=["lot", "cause"], name="a_lot_moves_once_per_cause"),
        ]


class Spending(models.Model):
    """What of a lot pays, or will pay, for one thing; what came back of it."""

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="spendings")
    cause = models.CharField(max_length=60)  # "order-line:7"
    amount_minor = models.BigIntegerField()
    returned_minor = models.BigIntegerField(default=0)
    stage = models.CharField(max_length=8, default="reserved")  # reserved | captured | released

    class Meta:
        indexes = [models.Index(fields=["cause"], name="spendings_by_cause")]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["reserved", "captured", "released"]),
                name="a_spending_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, returned_minor__gte=0)
                & Q(amount_minor__gte=F("returned_minor"))
                & (Q(stage="captured") | Q(returned_minor=0)),
                name="never_more_credit_back_than_was_spent",
            ),
            models.UniqueConstraint(fields=["lot", "cause"], name="a_lot_is_spent_once_per_cause"),
        ]


class BalanceRefund(models.Model):
    """A customer took their paid credit back, along the payments it came in by."""

    customer = models.ForeignKey("customers.Customer", models.PROTECT)
    currency = models.CharField(max_length=3)
    cash_minor = models.BigIntegerField()
    promo_lost_minor = models.BigIntegerField()  # bonuses of top-ups that end with it
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cash_minor__gt=0, promo_lost_minor__gte=0),
                name="a_balance_refund_gives_something",
            )
        ]


class CreditTransfer(models.Model):
    """Paid credit on its way from one customer to another, in a holding book meanwhile."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    sender = models.ForeignKey("customers.Customer", models.PROTECT, related_name="credit_sent")
    recipient = models.ForeignKey("customers.Customer", models.PROTECT, related_name="credit_got")
    # Null once it is over; while it is not, neither account can close.
    is_live = models.BooleanField(null=True, default=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    stage = models.CharField(max_length=8, default="waiting")
    doubt = models.CharField(max_length=20, default="")  # why a person looks at it first
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()  # to be accepted before
    accepted_at = models.DateTimeField(null=True)
    rests_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    raw_constraints = (
        "a_transfer_lives_only_while_its_sender_does",
        "a_transfer_lives_only_while_its_recipient_does",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages(CREDIT_TRANSFER))),
                name="a_credit_transfer_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=(Q(stage__in=sorted(terminal(CREDIT_TRANSFER))) & Q(is_live__isnull=True))
                | (~Q(stage__in=sorted(terminal(CREDIT_TRANSFER))) & Q(is_live=True)),
                name="a_credit_transfer_lives_until_it_is_over",
            ),
            models.CheckConstraint(
                condition=~Q(sender=F("recipient")), name="credit_goes_to_somebody_else"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="a_credit_transfer_moves_something"
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=["resting", "done"])
                | Q(rests_until__isnull=False, accepted_at__isnull=False),
                name="accepted_credit_rests_first",
            ),
        ]


class TransferPart(models.Model):
    """What of one of the sender's lots is on its way; it keeps the payment that it came in by."""

    transfer = models.ForeignKey(CreditTransfer, models.PROTECT, related_name="parts")
    lot = models.ForeignKey(Lot, models.PROTECT)
    minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "lot"], name="one_part_per_transfer_and_lot"
            ),
            models.CheckConstraint(condition=Q(minor__gt=0), name="a_transfer_part_is_something"),
        ]
