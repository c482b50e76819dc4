"""Print the promises of docs/promises.md and the tests that keep them; 1 when one has none."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


def promises() -> dict[int, str]:
    """Number -> promise."""
    text = (ROOT / "docs/promises.md").read_text()
    return {int(number): words for number, words in re.findall(r"^(\d+)\. (.+)$", text, re.M)}


def numbers_of(decorators: list[ast.expr]) -> Iterator[int]:
    """The numbers in `@pytest.mark.promise(1, 5)`."""
    for decorator in decorators:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("mark.promise"):
            yield from (int(ast.unparse(argument)) for argument in decorator.args)


def keepers() -> dict[int, list[str]]:
    """Number -> the tests that carry it."""
    kept = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                for number in numbers_of(node.decorator_list):
                    kept[number].append(f"{path.relative_to(ROOT)}::{node.name}")
    return kept


def main() -> int:
    kept = keepers()
    for number, words in promises().items():
        print(f"{number:>3}  {words}")
        for test in kept[number] or ["(no test yet)"]:
            print(f"       {test}")
    missing = [number for number in promises() if not kept[number]]
    print(f"{len(promises()) - len(missing)} of {len(promises())} promises are kept by tests")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
