"""Constraints that Django cannot write."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0001_initial"),
        ("customers", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            """ALTER TABLE payments_payout ADD CONSTRAINT a_payout_lives_only_under_an_open_account FOREIGN KEY (customer_id, is_live) REFERENCES customers_customer (id, is_open)""",
            "ALTER TABLE payments_payout DROP CONSTRAINT a_payout_lives_only_under_an_open_account",
        ),
    ]
