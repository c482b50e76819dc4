"""Constraints that Django cannot write."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("esims", "0001_initial"),
        ("customers", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            """ALTER TABLE esims_line ADD CONSTRAINT a_line_lives_only_under_an_open_account FOREIGN KEY (customer_id, is_live) REFERENCES customers_customer (id, is_open)""",
            "ALTER TABLE esims_line DROP CONSTRAINT a_line_lives_only_under_an_open_account",
        ),
        migrations.RunSQL(
            """ALTER TABLE esims_profile ADD CONSTRAINT a_profile_lives_only_under_an_open_account FOREIGN KEY (customer_id, is_live) REFERENCES customers_customer (id, is_open)""",
            "ALTER TABLE esims_profile DROP CONSTRAINT a_profile_lives_only_under_an_open_account",
        ),
    ]
