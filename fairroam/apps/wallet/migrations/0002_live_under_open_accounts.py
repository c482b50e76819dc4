"""Constraints that Django cannot write."""

from django.db import migrations

GUARDS = (
    ("wallet_lot", "credit_lives_only_under_an_open_account", "customer_id"),
    ("wallet_credittransfer", "a_transfer_lives_only_while_its_sender_does", "sender_id"),
    ("wallet_credittransfer", "a_transfer_lives_only_while_its_recipient_does", "recipient_id"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0001_initial"),
        ("customers", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({owner}, is_live)"
            " REFERENCES customers_customer (id, is_open)",
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        )
        for table, name, owner in GUARDS
    ]
