"""Constraints that Django cannot write."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("refunds", "0001_initial"),
        ("customers", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            """ALTER TABLE refunds_refundrequest ADD CONSTRAINT a_refund_lives_only_under_an_open_account FOREIGN KEY (customer_id, is_live) REFERENCES customers_customer (id, is_open)""",
            "ALTER TABLE refunds_refundrequest DROP CONSTRAINT a_refund_lives_only_under_an_open_account",
        ),
    ]
