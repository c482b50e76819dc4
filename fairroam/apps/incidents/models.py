"""Where and when the network failed: place and interval, no line and no customer."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from fairroam.rules import stages


class Incident(models.Model):
    """One failure of the network. Suspected until a source confirms it; only then money follows.

    operators: those that failed; empty = every network of these countries. began_at, ended_at:
    half-open; null = it goes on. words: what is told in public, per language; English at least.
    """

    countries = ArrayField(models.CharField(max_length=2))  # ISO 3166
    operators = ArrayField(models.CharField(max_length=200), default=list)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=400)  # who says so: an address, a notice, a ticket
    words = models.JSONField()
    stage = models.CharField(max_length=10, default="suspected")
    version = models.PositiveIntegerField(default=1)  # grows with every change of place or time
    declared_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=sorted(stages.stages(stages.INCIDENT))),
                name="an_incident_has_a_known_stage",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gt=F("began_at")),
                name="an_incident_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(countries__len__gt=0), name="an_incident_is_somewhere"
            ),
        ]
