"""Files that somebody gave us to show what happened, made harmless before they were kept."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q


def folder() -> Path:
    """Where the files are: outside of everything that a web server gives away."""
    return Path(settings.FAIRROAM_EVIDENCE_FOLDER)


def path_of(key: uuid.UUID) -> Path:
    """Where the file of that key is."""
    return folder() / key.hex[:2] / key.hex


class Evidence(models.Model):
    """One file. It and its name go when the account closes; its hashes and instants stay.

    customer: null for what came by mail from somebody without an account.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True)  # the file's name in the store
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, null=True, related_name="evidence"
    )
    kind = models.CharField(max_length=20, default="other")
    media_type = models.CharField(max_length=20)
    name = models.CharField(max_length=100)  # as they called it, made safe; erased
    came_size = models.PositiveIntegerField()
    came_sha256 = models.CharField(max_length=64, db_index=True)
    kept_size = models.PositiveIntegerField()
    kept_sha256 = models.CharField(max_length=64, db_index=True)
    uploaded_by = models.CharField(max_length=60)  # "customer:7", "staff:3", "mail"
    received_at = models.DateTimeField()
    is_erased = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "purchase",
                        "activation_failure",
                        "network_failure",
                        "device",
                        "identity",
                        "other",
                    ]
                ),
                name="evidence_is_of_a_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(
                    media_type__in=[
                        "image/jpeg",
                        "image/png",
                        "image/webp",
                        "application/pdf",
                        "text/plain",
                    ]
                ),
                name="evidence_is_of_a_known_media_type",
            ),
            models.CheckConstraint(
                condition=Q(is_erased=False) | Q(name=""),
                name="erased_evidence_has_no_name",
            ),
        ]

    @property
    def path(self) -> Path:
        """Where its file is, or was."""
        return path_of(self.key)
