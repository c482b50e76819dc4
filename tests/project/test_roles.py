"""The program may add to what happened, never change it; and what owns nothing breaks little."""

import shlex
import sys

import psycopg
import pytest
from psycopg import sql

from fairroam.project.database import (
    ADMIN_ROLE,
    APP_ROLE,
    APPEND_ONLY_TABLES,
    OWNER_ROLE,
    grant_app_role,
    prepare,
)
from tests.project.conftest import fairroam, migrate


@pytest.fixture
def app(cluster):
    with psycopg.connect(cluster.url(role=APP_ROLE), autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(cluster):
    with psycopg.connect(cluster.url(role=OWNER_ROLE), autocommit=True) as connection:
        yield connection


def first_column(connection: psycopg.Connection, table: str) -> sql.Identifier:
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", [table]
    )
    return sql.Identifier(found.fetchone()[0])


@pytest.mark.parametrize("table", [*sorted(APPEND_ONLY_TABLES), "django_migrations"])
@pytest.mark.parametrize("act", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_nobody_edits_history_with_the_rights_of_the_program(app, table, act):
    statement = sql.SQL(act).format(sql.Identifier(table), first_column(app, table))
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=f"denied for table {table}"):
        app.execute(statement)


@pytest.mark.parametrize("table", sorted(APPEND_ONLY_TABLES))
def test_history_can_be_read_and_added_to(app, table):
    rights = app.execute(
        "SELECT has_table_privilege(%(table)s, 'SELECT'), has_table_privilege(%(table)s, 'INSERT')",
        {"table": table},
    )
    assert rights.fetchone() == (True, True)


def test_the_program_writes_the_other_tables_and_owns_none(app):
    app.execute("UPDATE customers_customer SET is_open = is_open")
    app.execute("DELETE FROM django_session")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for schema"):
        app.execute("CREATE TABLE own (x int)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="must be owner"):
        app.execute("ALTER TABLE ledger_transfer DISABLE TRIGGER ALL")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER_ROLE)))


def test_a_new_table_is_closed_until_the_rights_are_given_again(app, owner):
    owner.execute("CREATE TABLE fresh (number serial)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("SELECT * FROM fresh")

    grant_app_role(owner)
    grant_app_role(owner)

    app.execute("INSERT INTO fresh DEFAULT VALUES")
    owner.execute("DROP TABLE fresh")


def test_a_right_given_by_hand_is_taken_back(app, owner):
    owner.execute("GRANT UPDATE (id) ON ledger_transfer TO fairroam_app")
    owner.execute("GRANT DELETE ON ledger_transfer TO PUBLIC")

    grant_app_role(owner)

    for act in ("UPDATE ledger_transfer SET id = id", "DELETE FROM ledger_transfer"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(act)


def test_a_stranger_to_the_program_can_do_nothing(cluster, app):
    callable_functions = (
        "SELECT count(*) FILTER (WHERE has_function_privilege(oid, 'EXECUTE')) FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
    )
    assert app.execute(callable_functions).fetchone()[0] > 0
    with psycopg.connect(cluster.url(role=ADMIN_ROLE)) as admin:
        admin.execute("CREATE ROLE stranger")
        admin.execute("SET ROLE stranger")
        assert admin.execute(callable_functions).fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            admin.execute("SELECT * FROM ledger_transfer")
        admin.rollback()


def test_a_renamed_append_only_table_stops_the_migration(cluster, owner):
    owner.execute("ALTER TABLE journal_event RENAME TO journal_happening")
    try:
        migration = migrate(cluster)
    finally:
        owner.execute("ALTER TABLE journal_happening RENAME TO journal_event")
    assert migration.returncode != 0
    assert "append-only tables are missing: journal_event" in migration.stderr


def test_any_server_is_prepared_and_again(cluster):
    admin_url = cluster.url("postgres", ADMIN_ROLE)

    said = fairroam(cluster, sys.executable, "-m", "fairroam.project.roles", admin_url)

    assert not cluster.is_ready(), "the former password is void"
    settings = dict(line.split("=", 1) for line in shlex.split(said.stdout))
    for variable, role in (("DATABASE_URL", APP_ROLE), ("DATABASE_OWNER_URL", OWNER_ROLE)):
        with psycopg.connect(settings[variable]) as connection:
            asked = connection.execute("SELECT current_user, current_database()")
            assert asked.fetchone() == (role, "fairroam")
    prepare(admin_url, {role: cluster.password(role) for role in (OWNER_ROLE, APP_ROLE)})
    assert cluster.is_ready()
