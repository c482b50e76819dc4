"""Books and the transfers between them.

A book's balance is what came in less what went out. Positive means: owed or earned; negative
means: somebody owes it to us (a provider's clearing book) or it was lost. All books of one
currency always add up to zero.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

HOUSE_KINDS = (
    # label = provider: captured and not yet settled with us; "bank": our own account. Negative is
    # an asset.
    "clearing",
    "earned",
    "tax",  # label = country and rate
    "rounding",
    "goodwill",
    "breakage",  # paid for, never used, right to it over
    "loss",
    "suspense",  # money that belongs to nobody yet
    "settlement",  # owed to people whose account is closed
    "waived",  # paid credit that its owner signed away; owed to whoever holds the waiver
    "wholesale",  # label = supplier: what resold eSIMs cost us; negative is a cost
    "disputed",  # label = provider: taken by customers' banks until a dispute is over; negative
    "fees",  # label = provider: what providers keep for their work; negative is a cost
    "vouchers",  # sold and not yet redeemed: owed to whoever holds the code
    "in_transfer",  # paid credit on its way from one customer to another
    "supplier",  # label = supplier: taken from our credit there, less what came back
)
CUSTOMER_KINDS = (
    "unearned",  # per order line: paid for, not yet used
    "paid_credit",
    "promo_credit",
    "refunds_owed",
)


class Book(models.Model):
    """One pot of one currency. Customers' books keep a balance; house books are sums."""

    kind = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    label = models.CharField(max_length=40, default="")
    customer = models.ForeignKey("customers.Customer", models.PROTECT, null=True)
    order_line_id = models.BigIntegerField(null=True)
    # Null for house books, so that nobody queues at one row.
    balance_minor = models.BigIntegerField(null=True)
    version = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "currency", "label", "customer", "order_line_id"],
                nulls_distinct=False,
                name="one_book_per_kind_currency_label_and_owner",
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="book_and_currency_are_a_key"),
            models.CheckConstraint(
                condition=Q(kind__in=HOUSE_KINDS, customer__isnull=True, balance_minor__isnull=True)
                | Q(kind__in=CUSTOMER_KINDS, customer__isnull=False, balance_minor__isnull=False),
                name="a_book_is_the_house_s_or_a_customer_s",
            ),
            models.CheckConstraint(
                condition=Q(balance_minor__isnull=True) | Q(balance_minor__gte=0),
                name="a_customer_s_book_never_falls_below_zero",
            ),
        ]

    def __str__(self) -> str:
        owner = f" of customer {self.customer_id}" if self.customer_id else ""
        return f"{self.kind} {self.label} {self.currency}{owner}".replace("  ", " ")


class Transfer(models.Model):
    """Money moved from one book to another. Never edited: a mistake is moved back."""

    source = models.ForeignKey(Book, models.PROTECT, related_name="transfers_out")
    target = models.ForeignKey(Book, models.PROTECT, related_name="transfers_in")
    currency = models.CharField(max_length=3)
    minor = models.BigIntegerField()
    key = models.CharField(max_length=120, unique=True)  # "refund:42/tax": one act, one transfer
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversal")
    booked_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    # The customer's book's balance and version after this transfer; null for house books.
    source_balance_minor = models.BigIntegerField(null=True)
    source_version = models.BigIntegerField(null=True)
    target_balance_minor = models.BigIntegerField(null=True)
    target_version = models.BigIntegerField(null=True)

    raw_constraints = (
        "transfer_and_its_source_share_a_currency",
        "transfer_and_its_target_share_a_currency",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(minor__gt=0), name="transfer_moves_something"),
            models.CheckConstraint(
                condition=~Q(source=F("target")), name="transfer_joins_two_different_books"
            ),
            models.UniqueConstraint(
                fields=["source", "source_version"], name="a_source_version_is_written_once"
            ),
            models.UniqueConstraint(
                fields=["target", "target_version"], name="a_target_version_is_written_once"
            ),
        ]
