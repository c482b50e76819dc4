"""Constraints that Django cannot write."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0001_initial"),
        ("customers", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            """ALTER TABLE notices_notice ADD CONSTRAINT a_notice_waits_only_under_an_open_account FOREIGN KEY (customer_id, is_live) REFERENCES customers_customer (id, is_open)""",
            "ALTER TABLE notices_notice DROP CONSTRAINT a_notice_waits_only_under_an_open_account",
        ),
    ]
