"""Constraints that Django cannot write."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            """ALTER TABLE ledger_transfer ADD CONSTRAINT transfer_and_its_source_share_a_currency FOREIGN KEY (source_id, currency) REFERENCES ledger_book (id, currency)""",
            "ALTER TABLE ledger_transfer DROP CONSTRAINT transfer_and_its_source_share_a_currency",
        ),
        migrations.RunSQL(
            """ALTER TABLE ledger_transfer ADD CONSTRAINT transfer_and_its_target_share_a_currency FOREIGN KEY (target_id, currency) REFERENCES ledger_book (id, currency)""",
            "ALTER TABLE ledger_transfer DROP CONSTRAINT transfer_and_its_target_share_a_currency",
        ),
    ]
