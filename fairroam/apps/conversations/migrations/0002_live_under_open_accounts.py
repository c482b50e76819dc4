"""Constraints that Django cannot write."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0001_initial"),
        ("customers", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            """ALTER TABLE conversations_thread ADD CONSTRAINT a_thread_lives_only_under_an_open_account FOREIGN KEY (customer_id, is_live) REFERENCES customers_customer (id, is_open)""",
            "ALTER TABLE conversations_thread DROP CONSTRAINT a_thread_lives_only_under_an_open_account",
        ),
    ]
