"""What must be true before a web or worker process may touch money; asked at every start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model
from django.urls import get_resolver

from fairroam.project.binaries import DatabaseUnusable
from fairroam.project.roles import APPEND_ONLY_TABLES, refuse_old_server
from fairroam.project.settings import INSECURE_SECRET

OUR_APPS = "fairroam.apps."
SECRET_KEY_LENGTH_MIN = 40  # 256 random bits in base64 have 43 characters
# Everything of a name that guards a row: constraint, unique index or trigger. `conenforced` is
# asked through JSON since it exists from PostgreSQL 18 on only.
GUARDS = """
    SELECT conrelid::regclass::text, conname,
           convalidated AND coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true)
      FROM pg_constraint c WHERE conrelid <> 0 AND connamespace = 'public'::regnamespace
    UNION ALL
    SELECT indrelid::regclass::text, relname, indisvalid AND indisready AND indisunique
      FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
     WHERE relnamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
    UNION ALL
    SELECT tgrelid::regclass::text, tgname, tgenabled IN ('O', 'A')
      FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
     WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace
"""
OWNED = """
    SELECT relname FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
       AND pg_has_role(current_user, relowner, 'MEMBER')
     ORDER BY relname
"""
FORBIDDEN = """
    SELECT name, string_agg(lower(privilege), ', ' ORDER BY privilege)
      FROM unnest(%s::text[]) AS name,
           unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS privilege
     WHERE to_regclass('public.' || quote_ident(name)) IS NOT NULL
       AND (has_table_privilege('public.' || quote_ident(name), privilege)
            OR privilege = 'UPDATE'
               AND has_any_column_privilege('public.' || quote_ident(name), privilege))
     GROUP BY name ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class BootFault:
    """One reason not to start: a `code` for machines and a `sentence` for people."""

    code: str
    sentence: str


class UnsoundStart(ImproperlyConfigured):
    """This process must not start; the sentences say why."""


def refuse_unsound_start() -> None:
    """Return if nothing speaks against a start, else raise UnsoundStart with every reason."""
    faults = find_boot_faults()
    connection.close()  # Requests and jobs have connections of their own.
    if faults:
        raise UnsoundStart(
            "fairroam does not start:\n"
            + "\n".join(f"- {fault.sentence} [{fault.code}]" for fault in faults)
        )


def find_boot_faults() -> list[BootFault]:
    """Return what speaks against a start; empty when all is well. Only reads."""
    faults = [*_server_faults()]
    if not faults:
        faults += [*_migration_faults(), *_guard_faults(), *_role_faults()]
    if settings.FAIRROAM_ENVIRONMENT == "production":
        faults += _production_faults()
    return faults


def _server_faults() -> Iterator[BootFault]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        (version,) = cursor.fetchone()
    try:
        refuse_old_server(int(version))
    except DatabaseUnusable as refusal:
        yield BootFault("old-server", str(refusal))


def _migration_faults() -> Iterator[BootFault]:
    loader = MigrationLoader(connection)
    for app, name in sorted(loader.graph.nodes.keys() - loader.applied_migrations.keys()):
        yield BootFault(
            "migration-missing", f"The migration {app}.{name} is not applied: run fairroam migrate."
        )
    for app, name in sorted(loader.applied_migrations.keys() - loader.disk_migrations.keys()):
        if apps.is_installed(f"{OUR_APPS}{app}"):
            yield BootFault(
                "database-newer",
                f"The database knows {app}.{name}, this program does not: it is older. Start the"
                " newer one, or restore a backup of before.",
            )


def _guard_faults() -> Iterator[BootFault]:
    """Compare the constraints declared by our models with those the database really has."""
    with connection.cursor() as cursor:
        cursor.execute(GUARDS)
        is_valid = {(table.strip('"'), name): valid for table, name, valid in cursor.fetchall()}
    for model in apps.get_models():
        if not model.__module__.startswith(OUR_APPS):
            continue
        table = model._meta.db_table
        for name in declared_guards(model):
            if (table, name) not in is_valid:
                yield BootFault("guard-missing", f"{table} lacks the constraint {name}.")
            elif not is_valid[table, name]:
                yield BootFault("guard-invalid", f"The constraint {name} of {table} is not valid.")


def declared_guards(model: type[Model]) -> tuple[str, ...]:
    """Return the names of what guards the rows of `model`.

    These are the constraints in its Meta and, for constraints and triggers written as SQL, the
    names in its class attribute `raw_constraints`.
    """
    named = tuple(constraint.name for constraint in model._meta.constraints)
    return named + tuple(getattr(model, "raw_constraints", ()))


def _role_faults() -> Iterator[BootFault]:
    with connection.cursor() as cursor:
        cursor.execute(OWNED)
        owned = [name for (name,) in cursor.fetchall()]
        cursor.execute(FORBIDDEN, [[*APPEND_ONLY_TABLES, "django_migrations"]])
        forbidden = cursor.fetchall()
    if owned:
        yield BootFault(
            "role-owns-tables",
            f"The program's database role owns {len(owned)} tables ({owned[0]}, ...) or may act"
            " as their owner: let DATABASE_URL name the app role, not the owner.",
        )
        return  # What an owner may do besides says nothing new.
    for table, privileges in forbidden:
        yield BootFault(
            "role-may-edit-history",
            f"The program's database role may {privileges} {table}: run fairroam migrate.",
        )


def _production_faults() -> Iterator[BootFault]:
    if settings.DEBUG:
        yield BootFault("debug-on", "DEBUG shows the inside to strangers: turn it off.")
    key = settings.SECRET_KEY
    if key == INSECURE_SECRET or len(key) < SECRET_KEY_LENGTH_MIN:
        yield BootFault(
            "weak-secret",
            f"FAIRROAM_SECRET_KEY is the default or shorter than {SECRET_KEY_LENGTH_MIN}"
            " characters: give it 256 random bits.",
        )
    if any(str(door.pattern).startswith("demo") for door in get_resolver().url_patterns):
        yield BootFault("demo-doors", "The pages of the demo are open in production.")
    if getattr(settings, "FAIRROAM_FAULT_POINTS", "") or os.environ.get("FAIRROAM_FAULT_POINTS"):
        yield BootFault("fault-points", "FAIRROAM_FAULT_POINTS lets requests fail on purpose.")
