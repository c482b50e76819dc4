"""Constraints that Django cannot write."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("metering", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            """ALTER TABLE metering_planperiod ADD CONSTRAINT periods_of_an_order_line_never_overlap EXCLUDE USING gist (int8range(order_line_id, order_line_id, '[]') WITH &&, during WITH &&)""",
            "ALTER TABLE metering_planperiod DROP CONSTRAINT periods_of_an_order_line_never_overlap",
        ),
    ]
