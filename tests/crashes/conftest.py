"""Points to die at: a sample of them with a seed that the test's name tells, all at night."""

from __future__ import annotations

import os
import random

import pytest

from fairroam.points import POINTS

SAMPLE_SIZE = 4


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "point" not in metafunc.fixturenames:
        return
    if metafunc.config.getoption("--night"):
        metafunc.parametrize("point", POINTS)
        return
    seed = int(os.environ.get("FAIRROAM_TESTS_SEED") or random.randrange(1_000_000))
    chosen = random.Random(seed).sample(POINTS, SAMPLE_SIZE)
    metafunc.parametrize("point", chosen, ids=[f"{point}, seed {seed}" for point in chosen])
