"""Exports: everything that is kept about a customer, in one file for a week."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q

KEPT_FOR = timedelta(days=7)


def path_of(key: uuid.UUID) -> Path:
    """Where the file of that key is: outside of everything that a web server gives away."""
    return Path(settings.FAIRROAM_EXPORT_FOLDER) / f"{key.hex}.zip"


class Export(models.Model):
    """One export: asked for, being made, ready for KEPT_FOR, then removed."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)  # the file's name in the folder
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="exports")
    stage = models.CharField(max_length=8, default="asked")
    asked_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)  # what is younger than this may not be in it
    parts_done = models.PositiveIntegerField(default=0)
    parts = models.PositiveIntegerField(default=0)  # 0: not counted yet
    size_bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, default="")
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)  # the last download

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(stage="asked"),
                name="one_export_in_the_making_per_customer",
            ),
            models.CheckConstraint(
                condition=Q(stage="asked", ready_at__isnull=True)
                | Q(stage="ready", ready_at__isnull=False, expires_at__isnull=False)
                | Q(stage="removed"),
                name="an_export_is_asked_for_ready_or_removed",
            ),
        ]

    @property
    def path(self) -> Path:
        """Where its file is, or was."""
        return path_of(self.key)
