"""Who may do what in the database: an owner for migrations, an app role that owns nothing."""

from __future__ import annotations

import argparse
import secrets
import shlex
import sys
from collections.abc import Mapping
from typing import Any

import psycopg
from django.apps import apps
from psycopg import sql
from psycopg.conninfo import make_conninfo

from fairroam.project.binaries import MAJOR_MIN, DatabaseUnusable

DATABASE = "fairroam"
ADMIN_ROLE = "fairroam_admin"
OWNER_ROLE = "fairroam_owner"
APP_ROLE = "fairroam_app"
# What happened is never edited: not even by a program that has gone wrong. Table -> its app.
APPEND_ONLY_TABLES = {
    "ledger_transfer": "fairroam.apps.ledger",
    "journal_event": "fairroam.apps.journal",
    "refunds_decision": "fairroam.apps.refunds",
    "esims_carriercall": "fairroam.apps.esims",
    "wallet_move": "fairroam.apps.wallet",
    "papers_logo": "fairroam.apps.papers",
}
ONE_AT_A_TIME = 0x66616972  # the key of our advisory lock: two GRANTs at once disturb each other

Connection = psycopg.Connection[Any]


def refuse_old_server(server_version: int) -> None:
    """Raise DatabaseUnusable below PostgreSQL 15 (`server_version` as libpq counts: 150004)."""
    if server_version < MAJOR_MIN * 10_000:
        raise DatabaseUnusable(
            f"This server is PostgreSQL {server_version // 10_000};"
            f" fairroam needs {MAJOR_MIN} or newer."
        )


def prepare(admin_url: str, passwords: Mapping[str, str], *, is_for_tests: bool = False) -> None:
    """Make roles and database on the server at `admin_url` (a superuser's); safe to repeat.

    passwords: one for OWNER_ROLE and one for APP_ROLE; they replace the former ones.
    is_for_tests: the owner may make databases, too.
    Raises DatabaseUnusable when the server is older than PostgreSQL 15.
    """
    with psycopg.connect(admin_url, autocommit=True) as connection:
        refuse_old_server(connection.info.server_version)
        for role in (OWNER_ROLE, APP_ROLE):
            _make_role(connection, role, passwords[role])
        name = sql.Identifier(DATABASE)
        if is_for_tests:
            _run(connection, "ALTER ROLE {} CREATEDB", sql.Identifier(OWNER_ROLE))
        if not _finds(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            owner = sql.Identifier(OWNER_ROLE)
            _run(connection, "CREATE DATABASE {} OWNER {} ENCODING 'UTF8'", name, owner)
        _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
        _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", name, sql.Identifier(APP_ROLE))


def _make_role(connection: Connection, role: str, password: str) -> None:
    if not _finds(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
        _run(connection, "CREATE ROLE {}", sql.Identifier(role))
    # The server gets a SCRAM verifier, so that no password can end in its log.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
    rights = "LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS"
    _run(connection, f"ALTER ROLE {{}} {rights} PASSWORD {{}}", sql.Identifier(role), verifier)


def grant_app_role(owner_connection: Connection) -> None:
    """Give the app role exactly its rights on what exists now; run it after every migration.

    It may read and write all tables, but only add to APPEND_ONLY_TABLES and only read
    `django_migrations`. PUBLIC keeps nothing in the schema `public` but its use.
    Raises LookupError when an append-only table of an installed app is missing.
    """
    with owner_connection.transaction():
        owner_connection.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        found = owner_connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname='public'"
        )
        tables = {row[0] for row in found}
        app = sql.Identifier(APP_ROLE)
        _run(owner_connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC, {}", app)
        _run(owner_connection, "GRANT USAGE ON SCHEMA public TO PUBLIC, {}", app)
        for kind in ("TABLES", "SEQUENCES", "ROUTINES"):
            everything = sql.SQL(f"ALL {kind} IN SCHEMA public")
            _run(owner_connection, "REVOKE ALL ON {} FROM PUBLIC, {}", everything, app)
        for rights, kind in (
            ("SELECT, INSERT, UPDATE, DELETE", "TABLES"),
            ("USAGE, SELECT", "SEQUENCES"),
            ("EXECUTE", "ROUTINES"),
        ):
            _run(owner_connection, f"GRANT {rights} ON ALL {kind} IN SCHEMA public TO {{}}", app)
        for table in sorted(append_only_tables(tables)):
            name = sql.Identifier(table)
            _run(owner_connection, "REVOKE UPDATE, DELETE ON {} FROM {}", name, app)
        if "django_migrations" in tables:
            name = sql.Identifier("django_migrations")
            _run(owner_connection, "REVOKE INSERT, UPDATE, DELETE ON {} FROM {}", name, app)


def append_only_tables(existing: set[str]) -> set[str]:
    """Return those of APPEND_ONLY_TABLES among `existing`.

    Raises LookupError for a missing one whose app is installed: renaming a table must not
    silently open it.
    """
    installed = {configuration.name for configuration in apps.app_configs.values()}
    missing = {
        table
        for table, app in APPEND_ONLY_TABLES.items()
        if table not in existing and app in installed
    }
    if missing:
        raise LookupError(f"append-only tables are missing: {', '.join(sorted(missing))}")
    return existing & APPEND_ONLY_TABLES.keys()


def _run(connection: Connection, statement: str, *parts: sql.Composable | str) -> None:
    connection.execute(sql.SQL(statement).format(*parts))


def _finds(connection: Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), [name]).fetchone() is not None


def main(arguments: list[str]) -> int:
    """Prepare the server at ADMIN_URL with fresh passwords; print the settings that use it."""
    parser = argparse.ArgumentParser("fairroam.project.roles", description=main.__doc__)
    parser.add_argument("admin_url")
    admin_url = parser.parse_args(arguments).admin_url
    variables = {"DATABASE_URL": APP_ROLE, "DATABASE_OWNER_URL": OWNER_ROLE}
    passwords = {role: secrets.token_urlsafe(32) for role in variables.values()}
    try:
        prepare(admin_url, passwords)
    except (DatabaseUnusable, psycopg.OperationalError) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    for variable, role in variables.items():
        address = make_conninfo(admin_url, user=role, password=passwords[role], dbname=DATABASE)
        sys.stdout.write(f"{variable}={shlex.quote(address)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
