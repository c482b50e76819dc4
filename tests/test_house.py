"""What no linter knows: the rules of the house."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairroam.apps.journal.refusals import Refusal
from fairroam.worker import jobs
from fairroam.worker.reactions import REACTIONS

ROOT = Path(__file__).parent.parent
CODE = sorted(
    path
    for folder in ("fairroam", "sandbox")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
LINES_MAX = 400


def refusals() -> Iterator[type[Refusal]]:
    pending = [Refusal]
    while pending:
        kind = pending.pop()
        yield kind
        pending.extend(kind.__subclasses__())


def told_kinds() -> set[str]:
    """Event kinds as they stand in calls of `tell`, anywhere in the apps."""
    kinds = set()
    for path in (ROOT / "fairroam/apps").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1].strip(
                "_"
            ).startswith("tell"):
                kinds |= {
                    argument.value
                    for argument in node.args
                    if isinstance(argument, ast.Constant)
                    and isinstance(argument.value, str)
                    and re.fullmatch(r"[a-z]+\.[a-z_]+", argument.value)
                }
    return kinds


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_fits_on_a_few_screens(path):
    assert path.read_text().count("\n") <= LINES_MAX


def test_every_refusal_has_its_code_and_sentence():
    kinds = [kind for kind in refusals() if kind is not Refusal]
    codes = [kind.code for kind in kinds]

    assert len(kinds) > 10
    assert len(codes) == len(set(codes))
    for kind in kinds:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code), kind
        assert (kind.__doc__ or "").strip().endswith("."), kind


def test_every_event_has_a_line_in_the_reactions():
    told = told_kinds()

    assert len(told) > 15
    assert told - REACTIONS.keys() == set()


def test_every_reaction_is_a_job():
    named = {name for names in REACTIONS.values() for name in names}

    assert named - jobs.registered().keys() == set()


def test_every_setting_is_documented():
    source = (ROOT / "fairroam/project/settings.py").read_text()
    named = set(re.findall(r'env(?:_[a-z]+)?\(\s*"([A-Z_]+)"', source))
    documented = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs/settings.md").read_text()))

    assert len(named) > 10
    assert named - documented == set()


def test_nothing_here_names_a_registry_or_one_machine():
    for path in ROOT.glob("*.lock"):
        assert not re.search(r"https?://", path.read_text()), path
