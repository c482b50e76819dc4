"""What goes wrong: a sample of it with a seed that the test's name tells, all of it at night."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from zlib import crc32

import pytest

from fairroam.points import POINTS, SUPPLIER_POINTS
from fairroam.project.database import Cluster
from tests.crashes import closing_points, refund_points
from tests.crashes.journeys import End, start_over, travel
from tests.stack import Stack

KINDS = ("error_before_effect", "error_after_effect", "time_out_after_effect", "broken_json")
CALLS = (
    "payments start_payment",
    "payments pay_back",
    "profiles stock",
    "profiles downloadOrder",
    "profiles confirmOrder",
    "profiles cancelOrder",
    "lines end_line",
)
FAULTS = (
    *(f"{call} {kind}" for call in CALLS for kind in KINDS),
    "payments pay_back late_answer",  # The notice comes before the answer.
    "payments pay_back too_many_requests",
    "payments pay_back redirect",
)
SAMPLES = {
    "point": (POINTS, 3),
    "supplier_point": (SUPPLIER_POINTS, 2),
    "fault": (FAULTS, 2),
    "refund_death": (refund_points.DEATHS, 2),
    "refund_fault": (refund_points.FAULTS, 1),
    "refund_notices": (refund_points.NOTICES, 1),
    "closing_death": (closing_points.DEATHS, 1),
}
# Processes that share one run of tests must choose the same sample.
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(random.random())
SEED = int(os.environ.get("FAIRROAM_TESTS_SEED") or crc32(RUN.encode()) % 1_000_000)
_ends: dict[bool, End] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, (everything, size) in SAMPLES.items():
        if name not in metafunc.fixturenames:
            continue
        if metafunc.config.getoption("--night"):
            metafunc.parametrize(name, everything)
            continue
        chosen = random.Random(SEED).sample(everything, size)
        metafunc.parametrize(name, chosen, ids=[f"{one}, seed {SEED}" for one in chosen])


@pytest.fixture
def undisturbed(stack: Stack, cluster: Cluster) -> Callable[[bool], End]:
    """Return `undisturbed(is_installed)`: how that journey ends when nothing goes wrong.

    It is travelled at the first asking only; the tables are empty afterwards.
    """

    def end(is_installed: bool) -> End:
        if is_installed not in _ends:
            _ends[is_installed] = travel(stack, is_installed=is_installed)
            start_over(stack, cluster)
        return _ends[is_installed]

    return end
