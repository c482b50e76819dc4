"""Numbered, signed papers: the statement is the truth, the PDF is its picture."""

from django.db import models
from django.db.models import Q

KINDS = ("invoice", "credit_note", "receipt", "decision", "certificate", "waiver")


class SigningKey(models.Model):
    """The public half of a signing key; the private half is a file of the program's user."""

    kid = models.CharField(max_length=60, unique=True)  # RFC 7638 thumbprint
    public_jwk = models.JSONField()
    made_at = models.DateTimeField()
    revoked_from = models.DateTimeField(null=True)  # statements dated from here on fail


class NumberSeries(models.Model):
    """The last number given in one series of one year; its row is locked to give the next."""

    kind = models.CharField(max_length=12)
    year = models.PositiveIntegerField()
    last = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "year"], name="one_number_series_per_kind_and_year"
            )
        ]


class Paper(models.Model):
    """One paper for one customer. Never edited."""

    kind = models.CharField(max_length=12)
    number = models.CharField(max_length=40, unique=True)
    customer = models.ForeignKey("customers.Customer", models.PROTECT, null=True)
    language = models.CharField(max_length=10)
    statement = models.JSONField()
    signed = models.TextField()  # the signed document, as handed out
    refers_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="referred_by")
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="a_paper_has_a_known_kind"),
            models.CheckConstraint(
                condition=~Q(kind="credit_note") | Q(refers_to__isnull=False),
                name="a_credit_note_names_its_invoice",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Logo(models.Model):
    """The seller's picture at the head of papers, which name it by its hash. Never edited."""

    sha256 = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()


class Channel(models.Model):
    """One true way to reach us, or by which we reach people. Ended ones stay, with their day."""

    KINDS = ("web", "mail", "phone", "chat", "social")

    kind = models.CharField(max_length=8)
    address = models.CharField(max_length=200)  # as people see it: an address, a number, a link
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["web", "mail", "phone", "chat", "social"]),
                name="a_channel_has_a_known_kind",
            ),
            models.UniqueConstraint(
                fields=["kind", "address"],
                condition=Q(until__isnull=True),
                name="a_channel_is_listed_once",
            ),
        ]


class FakeReport(models.Model):
    """Somebody saw something that claims to be us. Confirmed ones are listed for everybody."""

    what = models.CharField(max_length=200)  # the address, number or link they saw
    words = models.TextField(default="")
    stage = models.CharField(max_length=10, default="reported")  # reported confirmed dismissed
    reported_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=60, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["reported", "confirmed", "dismissed"]),
                name="a_report_has_a_known_stage",
            )
        ]
