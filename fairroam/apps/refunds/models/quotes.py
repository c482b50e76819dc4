"""What the rules said on review, for the minutes in which it can be confirmed."""

import uuid

from django.db import models
from django.db.models import F, Q

# Back by the way it was paid, by a transfer, or as credit of the wallet.
DESTINATIONS = ("original", "transfer", "wallet")
# What somebody would like best; empty: they did not say.
WISHES = ("", "full", "part", "replacement", "credit")
# What a person gives in the place of money: the plan goes on until they have.
INSTEAD_OF_MONEY = ("replacement", "credit")


class Quote(models.Model):
    """An amount that is guarded against clock, price and terms until `expires_at`.

    Confirmed in time it counts as declared at `made_at`. One that nobody confirmed is deleted
    later. Nothing is owed by a quote alone, so it does not hold anybody who leaves.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="quotes")
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="quotes")
    asked_minor = models.BigIntegerField(null=True)  # null: all that is due
    wish = models.CharField(max_length=11, default="")
    wish_minor = models.BigIntegerField(null=True)  # more than is due was wished: for a person
    destination = models.CharField(max_length=8, default="original")
    # What stood beside the choice of credit in place of money; empty: it was not chosen.
    agreed_words = models.TextField(default="")
    words = models.TextField(default="")  # theirs; erased with the account
    facts = models.JSONField()
    facts_sha256 = models.CharField(max_length=64)  # of their canonical JSON
    packs = models.JSONField()
    result = models.JSONField()  # rules.decide(facts, packs).as_json()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("made_at")), name="a_quote_holds_for_a_while"
            ),
            models.CheckConstraint(
                condition=Q(asked_minor__isnull=True) | Q(asked_minor__gt=0),
                name="a_quote_asks_for_something_or_all",
            ),
            models.CheckConstraint(
                condition=Q(wish__in=WISHES) & Q(destination__in=DESTINATIONS),
                name="a_quote_has_a_known_wish_and_destination",
            ),
            models.CheckConstraint(
                condition=Q(destination="wallet") ^ Q(agreed_words=""),
                name="credit_in_place_of_money_was_agreed_in_words",
            ),
        ]
