"""What is kept of people: every column of every table is spoken of, once, and truly."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from django.db import connection

from fairroam.apps.closures.operations.declaring import (
    ERASED,
    FILES,
    erased,
    fields,
    kept,
    rows_to_erase,
)
from fairroam.apps.closures.operations.erasing import ROOMS
from fairroam.apps.closures.personal import EVERYTHING
from fairroam.apps.journal.personal import (
    GUARD,
    PURPOSES,
    RETAINED,
    SECRET,
    TITLES,
    field_of,
)
from tests.given import NOON, a_customer

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
        assert table.about in TITLES, table.name
        assert bool(table.kept) == bool(table.why), table.name
        assert not table.why or table.why in RETAINED.keys() & PURPOSES.keys(), table.name
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


def test_what_is_declared_as_erased_is_erased_by_its_room_and_said_in_the_certificate():
    ada = a_customer()
    counted = rows_to_erase(ada.pk)
    for room in ROOMS:
        counted |= room.erase(ada.pk)

    said = {field for field, _about in fields()}
    assert said <= set(counted)
    assert set(ERASED) <= said | set(FILES) <= set(counted)
    assert sum(room.remains(ada.pk) for room in ROOMS) == 0
    # Also what has no words of its own: it is counted under its heading.
    told = {row["code"]: row["why"] for row in erased(dict.fromkeys(said | set(FILES), 1))}
    assert set(ERASED) < set(told) <= set(ERASED) | set(TITLES)
    figures = [int(why.split(" ")[0]) for why in told.values()]
    assert sum(figures) == len(said | set(FILES))


def test_the_certificate_says_of_all_that_is_kept_why_and_until_when():
    ada = a_customer()

    told = {row["code"]: row for row in kept(ada.pk, NOON)}

    there = [table for table in TOLD_OF if table.why and table.rows(ada.pk).exists()]
    assert set(told) == {table.why for table in there}
    for table in there:
        assert str(TITLES[table.about]) in told[table.why]["text"]
        assert told[table.why]["until"] == date(NOON.year + RETAINED[table.why], 12, 31)
