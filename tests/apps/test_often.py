"""Reads whose statement is written once give what Django's own give, for all values."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from fairroam.apps.catalogue.models import Plan
from fairroam.apps.journal.queries.planned import Often, ask, looked_through, question

pytestmark = pytest.mark.usefixtures("catalogue")


def dear(from_minor: int, ids: list[int]) -> QuerySet[Plan]:
    found = Plan.objects.filter(price_minor__gte=from_minor, pk__any_of=ids, is_offered=True)
    return found.prefetch_related("allowances").order_by("-price_minor", "pk")[:3]


def allowances_of(plan_id: int) -> QuerySet[Plan, tuple[object, ...]]:
    # What the order asks for alone, or is JSON, or comes twice: all of it is Django's to read.
    found = Plan.objects.filter(pk=plan_id).order_by("allowances__granted")
    return found.values_list("allowances__kind", "names", "pk")


def without_price(plan_id: int) -> QuerySet[Plan]:
    return Plan.objects.filter(pk=plan_id, price_minor=0, is_trial=False)


def test_rows_and_what_hangs_on_them_are_those_of_the_query_set():
    ids = list(Plan.objects.values_list("pk", flat=True))
    often = Often(dear)

    for from_minor, some in ((0, ids), (2000, ids), (0, ids[:1]), (0, []), (10**9, ids)):
        expected = list(dear(from_minor, some))
        found = often(from_minor, some)
        assert found == expected
        assert [plan.names for plan in found] == [plan.names for plan in expected]
        assert [len(plan.allowances.all()) for plan in found] == [
            len(plan.allowances.all()) for plan in expected
        ]


def test_tuples_are_those_of_the_query_set():
    often = Often(allowances_of)

    for plan_id in (*Plan.objects.values_list("pk", flat=True)[:4], 0):
        assert often(plan_id) == list(allowances_of(plan_id))


def test_what_gives_nothing_is_not_asked_again_inside():
    plan_id = Plan.objects.values_list("pk", flat=True)[0]
    some, none, other = (
        Often(allowances_of),
        Often(without_price),
        Often(allowances_of),
    )

    with looked_through((some, none), plan_id), CaptureQueriesContext(connection) as reads:
        assert some(plan_id) == list(allowances_of(plan_id))
        assert none(plan_id) == []
        assert other(plan_id) == some(plan_id)

    assert not [read for read in reads if '"price_minor" =' in read["sql"]]
    with CaptureQueriesContext(connection) as reads:
        assert none(plan_id) == []
    assert len(reads) == 1


def test_questions_beside_are_answered_by_the_same_statement():
    plan_id = Plan.objects.values_list("pk", flat=True)[0]
    named = question(lambda ids: Plan.objects.filter(pk__any_of=ids).values("names"), list)

    with (
        CaptureQueriesContext(connection) as reads,
        looked_through((Often(without_price),), plan_id, named([plan_id])) as [found],
    ):
        assert len(reads) == 1
    assert found == list(Plan.objects.filter(pk=plan_id).values("names"))


def test_a_query_set_that_asks_for_no_value_of_ours_is_a_mistake():
    def all_plans(plan_id: int) -> QuerySet[Plan]:
        return Plan.objects.all()

    with pytest.raises(AssertionError):
        Often(all_plans)(1)


def test_a_first_read_takes_a_new_connection_where_the_server_has_ended_the_kept_one():
    def backend() -> int:
        return ask("SELECT pg_backend_pid()")()[0][0]

    def read_twice() -> tuple[int, int]:  # In a thread: outside of the test's own transaction.
        try:
            first = backend()
            ended.submit(ask, "SELECT pg_terminate_backend(%s)", first).result()
            connections["default"].close_if_unusable_or_obsolete()  # as a request begins
            connections["default"].health_check_enabled = True
            return first, backend()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as ended, ThreadPoolExecutor(1) as reader:
        first, second = reader.submit(read_twice).result()
        ended.submit(connections.close_all).result()
    assert first != second
