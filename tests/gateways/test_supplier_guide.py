"""The model in docs/add-a-supplier.md, run as it is printed there."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from uuid import UUID

import pytest

from fairroam.gateways.suppliers import (
    AccessRefused,
    AnswerMismatch,
    AskLater,
    GatewayUnreachable,
    OutOfStock,
    SupplierRefused,
)
from fairroam.rules.money import Money
from tests.gateways.given import counterpart, saying_json

PROJECT = Path(__file__).parents[2]
GUIDE = (PROJECT / "docs/add-a-supplier.md").read_text(encoding="utf-8")
KEY = UUID("6b718a9e-6575-48b6-b88a-306c23c78af9")
ESIM = {"number": "7", "iccid": "8999900000000000006", "code": "LPA:1$rsp.example.com$AB-1"}
ORDER = {"our_id": str(KEY), "paid": 1.5, "esims": [ESIM]}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The printed module, imported as a file of its own."""
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    file = tmp_path_factory.mktemp("model") / "example_telecom.py"
    file.write_text(code, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(file.parent)
        yield importlib.import_module("example_telecom")
        del sys.modules["example_telecom"]


def test_the_model_orders(model):
    with counterpart(saying_json(ORDER, status=201)) as url:
        order = model.connect(url=url, key="k").order(key=KEY, package="p")

    assert (order.esims[0].ref, order.cost) == ("7", Money(150, "EUR"))


@pytest.mark.parametrize(
    ("answer", "status", "outcome"),
    [
        ({"error": "sold_out"}, 422, OutOfStock),
        ({"error": "bad_key"}, 401, AccessRefused),
        ({"error": "odd"}, 422, SupplierRefused),
        ({}, 429, AskLater),
        ({}, 503, GatewayUnreachable),
        (ORDER | {"paid": 1.001}, 200, AnswerMismatch),
        (ORDER | {"our_id": "other"}, 200, AnswerMismatch),
        (ORDER | {"esims": [ESIM | {"code": "none"}]}, 200, GatewayUnreachable),
    ],
)
def test_the_model_never_guesses(model, answer, status, outcome):
    with counterpart(saying_json(answer, status=status)) as url:
        gateway = model.connect(url=url, key="k")
        with pytest.raises(outcome):
            gateway.order(key=KEY, package="p")


def test_the_model_is_written_as_we_write(model):
    config = ["--config", str(PROJECT / "pyproject.toml")]

    for check in (["check", "-q"], ["format", "--check", "-q"]):
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *check, *config, model.__file__],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
