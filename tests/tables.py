"""Tables that are emptied, and furnished as a fresh shop is, between tests on real commits."""

from __future__ import annotations

import psycopg

from fairroam.project.database import ADMIN_ROLE, APP_ROLE, Cluster

OURS = """schemaname = 'public' AND tablename NOT IN
    ('django_migrations', 'django_content_type', 'auth_permission')"""
COUNTED = """schemaname = 'public' AND last_value IS NOT NULL AND sequencename NOT IN
    ('django_migrations_id_seq', 'django_content_type_id_seq', 'auth_permission_id_seq')"""
EMPTY_ALL_TABLES = f"""
DO $$
DECLARE one record;
BEGIN
    SET LOCAL session_replication_role = replica;  -- No trigger and no foreign key is asked.
    FOR one IN SELECT tablename FROM pg_tables WHERE {OURS} LOOP
        EXECUTE format('LOCK TABLE %I', one.tablename);  -- Whoever still writes is waited for.
    END LOOP;
    FOR one IN SELECT tablename FROM pg_tables WHERE {OURS} LOOP
        EXECUTE format('DELETE FROM %I', one.tablename);
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, start_value, false)
       FROM pg_sequences WHERE {COUNTED};
END $$"""
# Triggers write `procrastinate_events` as the jobs come in, and the edition of the catalogue.
KEEP_WHAT_IS_FURNISHED = f"""
CREATE SCHEMA furnished;
CREATE TABLE furnished.reached AS
    SELECT format('%I', sequencename)::regclass AS sequence, last_value AS value
      FROM pg_sequences WHERE {COUNTED} AND sequencename <> 'procrastinate_events_id_seq';
DO $$
DECLARE one record;
DECLARE is_filled boolean;
DECLARE copies text := '';
BEGIN
    FOR one IN SELECT tablename FROM pg_tables
                WHERE {OURS} AND tablename NOT IN ('procrastinate_events', 'catalogue_edition') LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', one.tablename) INTO is_filled;
        IF is_filled THEN
            EXECUTE format('CREATE TABLE furnished.%1$I AS TABLE public.%1$I', one.tablename);
            copies := copies
                || format('INSERT INTO public.%1$I TABLE furnished.%1$I;', one.tablename);
        END IF;
    END LOOP;
    EXECUTE format(
        'CREATE FUNCTION furnished.again() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS %L',
        copies || 'SELECT max(setval(sequence, greatest(value, pg_sequence_last_value(sequence))))'
                  '  FROM furnished.reached');
END $$;
GRANT USAGE ON SCHEMA furnished TO {APP_ROLE};
"""


def empty_all_tables(cluster: Cluster) -> None:
    """Take every row out, as the admin: the app's role may not. Ids begin at 1 again."""
    with psycopg.connect(cluster.url(role=ADMIN_ROLE), autocommit=True) as connection:
        connection.execute(EMPTY_ALL_TABLES)


def keep_what_is_furnished(cluster: Cluster) -> None:
    """Copy all rows aside, for `furnish_again`."""
    with psycopg.connect(cluster.url(role=ADMIN_ROLE), autocommit=True) as connection:
        connection.execute(KEEP_WHAT_IS_FURNISHED)


def furnish_again() -> None:
    """Put the rows of a fresh shop into empty tables, on the connection of the test."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT furnished.again()")
