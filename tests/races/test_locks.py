"""How rows are locked: so that children may still point at them, and nobody waits in a ring."""

from __future__ import annotations

import ast
from functools import partial
from unittest.mock import patch

from django.db.models import QuerySet

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Profile
from tests.apps.lines_given import a_ready_line
from tests.conftest import ROOT
from tests.given import NOON
from tests.races.test_money_races import a_buyer
from tests.races.together import kinds_of, together


def test_every_lock_leaves_the_key_alone():
    """A second change of a row in one transaction checks its foreign keys again: FOR KEY SHARE.

    A plain FOR UPDATE on the parent stands in its way; NO KEY does not.
    """
    calls = [
        (path.relative_to(ROOT), node.lineno, {word.arg for word in node.keywords})
        for path in (ROOT / "fairroam").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".select_for_update")
    ]

    assert len(calls) > 10
    assert [call for call in calls if "no_key" not in call[2]] == []


def hear_and_end() -> dict[str, int]:
    """A phone's notice, with its chip's number, arrives while the line is taken off."""
    line = a_ready_line(email=a_buyer())
    told = partial(
        esims.record_fact,
        profile_id=Profile.objects.get(line_id=line.pk).pk,
        happened_at=NOON,
        source="es2plus",
        now=NOON,
        eid="89049032000000000000000000000001",
    )
    facts = [partial(told, kind=kind) for kind in ("downloaded", "installed", "enabled")]
    ends = partial(esims.take_off, order_line_id=line.pk, now=NOON)
    return kinds_of(together(*facts, ends, ends))


def test_a_notice_and_an_end_at_once_never_wait_in_a_ring(committed):
    for _ in range(10):
        assert hear_and_end() == {"done": 5}


def test_control_with_plain_locks_they_do(committed):
    lock = QuerySet.select_for_update

    with patch.object(QuerySet, "select_for_update", lambda rows, **_: lock(rows)):
        assert any("DeadlockDetected" in hear_and_end() for _ in range(40))
