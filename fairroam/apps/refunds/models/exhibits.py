"""Files that a customer gave to show what happened with a plan."""

from django.db import models


class Exhibit(models.Model):
    """One file about the plan of an order line; every request and trouble of the line has it."""

    evidence = models.OneToOneField(
        "evidence.Evidence", models.PROTECT, related_name="refund_exhibit"
    )
    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="exhibits")
