"""Orders, their lines, what was agreed, and how each line was paid."""

from django.db import models
from django.db.models import F, Q

from fairroam.rules import stages
from fairroam.rules.languages import words_for

# Orders of these stages leave their use of a promo code to another. One that is paid after all
# keeps its price.
UNUSED = ("cancelled", "failed")
ONLY_OPEN = Q(is_live=True) | Q(is_live__isnull=True)


class PromoCode(models.Model):
    """Words that make an order cheaper: no money, so that nothing of it is ever paid out."""

    code = models.CharField(max_length=24, unique=True)  # "SUMMER-10", in capitals
    percent = models.PositiveSmallIntegerField(null=True)  # of an order's price: 1 to 99
    amount_minor = models.BigIntegerField(null=True)  # or so much of it, in `currency`
    currency = models.CharField(max_length=3, blank=True)  # empty with a percentage: any
    uses_max = models.PositiveIntegerField(null=True)  # orders in all; null = no limit
    customer_uses_max = models.PositiveIntegerField(default=1)  # orders of one customer
    plans = models.JSONField(default=list)  # codes of plans; empty = every plan
    counts_from = models.DateTimeField()
    counts_until = models.DateTimeField()
    made_by = models.ForeignKey("customers.StaffMember", models.PROTECT)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # called back before its time

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__isnull=False, percent__gte=1, percent__lte=99)
                & Q(amount_minor__isnull=True, currency="")
                | Q(percent__isnull=True, amount_minor__isnull=False, amount_minor__gte=1)
                & ~Q(currency=""),
                name="a_promo_code_is_a_percentage_or_an_amount",
            ),
            models.CheckConstraint(
                condition=Q(customer_uses_max__gte=1)
                & (Q(uses_max__isnull=True) | Q(uses_max__gte=1)),
                name="a_promo_code_can_be_used",
            ),
            models.CheckConstraint(
                condition=Q(counts_until__gt=F("counts_from")), name="a_promo_code_has_its_time"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Order(models.Model):
    """One purchase. Prices, terms, packs, tax and consents are frozen in it."""

    number = models.CharField(max_length=14, unique=True)  # "FR-7K3M-9Q2T"
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="orders")
    is_live = models.BooleanField(null=True, default=True)  # null once fulfilled or ended
    stage = models.CharField(max_length=18, default="awaiting_payment")
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    residence = models.CharField(max_length=6)
    zone = models.CharField(max_length=40)
    language = models.CharField(max_length=10)
    # Null where the wallet pays all of it: no provider is needed then.
    payment = models.OneToOneField(
        "payments.Payment", models.PROTECT, null=True, related_name="order"
    )
    invoice = models.OneToOneField("papers.Paper", models.PROTECT, null=True)
    promo_code = models.ForeignKey(PromoCode, models.PROTECT, null=True, related_name="orders")
    # Which of the code's limited uses it took: 1 to `uses_max`. Null: no limit, or given back.
    promo_use = models.PositiveIntegerField(null=True)
    placed_at = models.DateTimeField()
    concluded_at = models.DateTimeField(null=True)  # the later end counts for the customer: paid
    paid_at = models.DateTimeField(null=True)
    notice_received_at = models.DateTimeField(null=True)  # the confirmation mail left for them

    raw_constraints = ("an_order_lives_only_under_an_open_account",)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["promo_code", "promo_use"], name="each_use_of_a_promo_code_once"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.ORDER))),
                name="an_order_has_a_known_stage",
            ),
            models.CheckConstraint(condition=ONLY_OPEN, name="an_order_lives_or_is_silent"),
            # One that was paid may rest before it is fulfilled: all its lines are off.
            models.CheckConstraint(
                condition=Q(stage="awaiting_payment", is_live=True, is_live__isnull=False)
                | Q(stage__in=["paid", "fulfilling"])
                | Q(stage__in=sorted(stages.terminal(stages.ORDER)), is_live__isnull=True),
                name="an_order_lives_from_its_first_stage_to_its_last",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One plan on one eSIM: the thing that a refund is decided for."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    plan = models.ForeignKey("catalogue.Plan", models.PROTECT)
    plan_copy = models.JSONField()  # names, countries, validity_days, allowances as sold
    price_minor = models.BigIntegerField()
    list_price_minor = models.BigIntegerField()
    # What the order's promo code takes off this line; it is no longer in the price.
    discount_minor = models.BigIntegerField(default=0)
    tax_rate = models.CharField(max_length=8)
    tax_minor = models.BigIntegerField()  # inside the price
    packs = models.JSONField()  # ["eu-crd@1", "house@2"]
    # The line whose eSIM this pack goes on to; null = it gets an eSIM of its own.
    tops_up = models.ForeignKey("self", models.PROTECT, null=True, related_name="top_ups")
    delivered_at = models.DateTimeField(null=True)  # its eSIM could be downloaded
    refunded_minor = models.BigIntegerField(default=0)
    pending_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="one_line_per_position"),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0)
                & Q(pending_minor__gte=0)
                & Q(price_minor__gte=F("refunded_minor") + F("pending_minor")),
                name="never_more_back_than_the_line_cost",
            ),
            models.CheckConstraint(
                condition=Q(discount_minor__gte=0), name="a_discount_makes_nothing_dearer"
            ),
        ]

    def plan_name(self, language: str) -> str:
        """What was sold, in that language, else in English."""
        return words_for(self.plan_copy["names"], language)


class Trial(models.Model):
    """A free plan that somebody tries: once per mailbox, and once per eSIM chip.

    Both are kept as hashes alone. One that was declined counts for its mailbox all the same.
    """

    line = models.OneToOneField(OrderLine, models.PROTECT, related_name="trial")
    mailbox_sha256 = models.CharField(max_length=64, unique=True)
    eid_sha256 = models.CharField(max_length=64, null=True, unique=True)
    begun_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)  # its chip had a trial before

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(declined_at__isnull=True) | Q(eid_sha256__isnull=True),
                name="a_declined_trial_has_no_chip",
            )
        ]


class Tender(models.Model):
    """The part of a line that one means of payment paid; the same part may come back to it."""

    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="tenders")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=6)  # cash | credit | promo
    method = models.CharField(max_length=20)
    payment = models.ForeignKey("payments.Payment", models.PROTECT, null=True)
    captured_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    pending_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "position"], name="one_tender_per_position"),
            models.CheckConstraint(
                condition=Q(kind__in=["cash", "credit", "promo"]), name="a_tender_has_a_known_kind"
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0)
                & Q(pending_minor__gte=0)
                & Q(captured_minor__gte=F("refunded_minor") + F("pending_minor")),
                name="never_more_back_than_the_tender_paid",
            ),
        ]


class Consent(models.Model):
    """A box the customer ticked, with the words that stood beside it."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="consents")
    kind = models.CharField(max_length=20)  # terms | express_request | loss_acknowledged
    words = models.TextField()
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "kind"], name="a_consent_is_given_once")
        ]
