"""Constraints that Django cannot write."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0001_initial"),
        ("customers", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            """ALTER TABLE orders_order ADD CONSTRAINT an_order_lives_only_under_an_open_account FOREIGN KEY (customer_id, is_live) REFERENCES customers_customer (id, is_open)""",
            "ALTER TABLE orders_order DROP CONSTRAINT an_order_lives_only_under_an_open_account",
        ),
    ]
