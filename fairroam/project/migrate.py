"""`fairroam migrate`: tables, shared cache and the app role's rights, as the owner."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection

from fairroam.project.database import grant_app_role


def main(arguments: list[str]) -> int:
    """Bring the database to this version; safe to run again."""
    call_command("migrate", *arguments, interactive=False, verbosity=1)
    call_command("createcachetable", verbosity=0)
    connection.ensure_connection()
    grant_app_role(connection.connection)
    return 0
