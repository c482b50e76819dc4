"""What is kept of people: every column of every table is spoken of, once, and truly."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import connection

from fairroam.apps.closures.operations.certifying import ERASED, KEPT
from fairroam.apps.closures.operations.erasing import ROOMS
from fairroam.apps.closures.personal import EVERYTHING
from fairroam.apps.journal.personal import GUARD, RETAINED, SECRET, field_of
from tests.given import a_customer

pytestmark = [pytest.mark.django_db, pytest.mark.promise(61)]
TOLD_OF = [table for table in EVERYTHING if table.whose]


def test_no_column_of_any_table_is_forgotten_and_none_is_invented():
    """Also of the libraries'. A new column belongs in a group of its table in `personal.py`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
        there = {f"{table}.{column}" for table, column in cursor.fetchall()}
    declared = Counter(f"{table.name}.{column}" for table in EVERYTHING for column in table.columns)

    assert sorted(there - set(declared)) == []
    assert sorted(set(declared) - there) == []
    assert [column for column, times in declared.items() if times > 1] == []


def test_what_is_kept_of_people_says_why_and_until_when():
    for table in TOLD_OF:
        assert table.about, table.name
        assert bool(table.kept) == bool(table.why), table.name
        assert not table.why or table.why in RETAINED, table.name
        assert set(table.withheld) <= {SECRET, GUARD} | {"joins rows and tells repeats apart"}
    for table in EVERYTHING:
        if not table.whose:
            assert (table.kept, table.erased, table.deleted) == ("", "", ""), table.name


def test_what_is_not_given_is_personal_all_the_same():
    for table in TOLD_OF:
        personal = f"{table.kept} {table.erased} {table.deleted}".split()
        withheld = " ".join(table.withheld.values()).split()
        assert set(withheld) <= set(personal), table.name


def test_whose_rows_they_are_can_be_asked_of_every_table():
    ada = a_customer()
    for table in TOLD_OF:
        assert table.rows(ada.pk).count() >= 0, table.name
        for column in table.given:
            assert field_of(table, column) is not None


def test_the_certificate_promises_the_same_years():
    assert {code: years for code, (_what, _why, years) in KEPT.items()}.items() <= RETAINED.items()


def test_what_is_declared_as_erased_is_erased_by_its_room_and_said_in_the_certificate():
    ada = a_customer()
    counted: dict[str, int] = {}
    for room in ROOMS:
        counted |= room.erase(ada.pk)

    declared = {f"{table.name}.{column}" for table in TOLD_OF for column in table.erased.split()}
    assert declared <= set(counted)
    assert set(ERASED) <= set(counted)
    assert sum(room.remains(ada.pk) for room in ROOMS) == 0
