"""The address books that customers keep here: whole rows of it are theirs, and go with them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Contact(models.Model):
    """Somebody in a customer's address book. Deleted at closing.

    phones, emails: lists of texts, the preferred one first.
    """

    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=200)
    organisation = models.CharField(max_length=200, default="")
    phones = models.JSONField(default=list)
    emails = models.JSONField(default=list)
    address = models.TextField(default="")
    birthday = models.CharField(max_length=10, default="")  # "1990-04-12" or "--04-12"
    note = models.TextField(default="")
    fingerprint = models.CharField(max_length=64)  # of who it is: name, numbers, addresses
    added_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "name", "id"], name="contacts_by_name")]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "fingerprint"], name="a_contact_is_in_a_book_once"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="a_contact_has_a_name"),
        ]
