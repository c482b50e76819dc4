"""Events (who did what when) and the first answer per idempotency key."""

from typing import Any

from django.db import models
from django.db.models.functions import Now


@models.ForeignObject.register_lookup
@models.Field.register_lookup
class AnyOf(models.Lookup):
    """`pk__any_of=ids`: as `in`, but thousands of values are one parameter of the statement."""

    lookup_name = "any_of"

    def get_prep_lookup(self) -> list[Any]:
        return list(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, values = self.process_lhs(compiler, connection)
        return f"{left} = ANY (%s)", (*values, self.rhs)


class Event(models.Model):
    """Something that happened. Holds ids, amounts and instants only; never edited."""

    kind = models.CharField(max_length=60, db_index=True)  # "refund.paid"
    actor = models.CharField(max_length=60)  # "customer:7", "staff:3", "system", "carrier"
    customer_id = models.BigIntegerField(null=True, db_index=True)
    facts = models.JSONField(default=dict)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())


class Answer(models.Model):
    """The first answer to a key: the same request again gets it, another request is refused."""

    principal = models.CharField(max_length=60)
    route = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["principal", "route", "key"], name="one_answer_per_principal_route_and_key"
            )
        ]
