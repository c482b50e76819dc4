"""`fairroam decide` from the outside: lines in, lines out, in order, whatever they are."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fairroam.project.decide import main, respond
from tests.rules.given import CASES, a_line, answer, read_lines
from tests.rules.test_bad_facts import BAD

GOOD = json.dumps({"facts": a_line(), "packs": ["eu-crd@1", "house@2"]})


def ask(line: str | bytes) -> dict[str, Any]:
    written = respond(line if isinstance(line, bytes) else line.encode())
    assert written.endswith(b"\n")
    assert written.count(b"\n") == 1
    return json.loads(written)


def test_every_worked_case_is_answered_in_order(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main([str(CASES / "refunds.jsonl")]) == 0
    sys.stdout.flush()

    answers = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    for case, given in zip(read_lines("refunds.jsonl"), answers, strict=True):
        assert {name: given[name] for name in case["expect"]} == case["expect"], case["name"]


def test_a_line_gives_the_documented_object_and_nothing_else() -> None:
    assert ask(GOOD) == answer(a_line(), "eu-crd@1", "house@2")
    assert list(ask(GOOD)) == [
        "refund",
        "held",
        "due",
        "entitled",
        "ground",
        "pack",
        "share",
        "retain",
        "deadline",
        "tax",
        "pay_by",
        "offer_cap",
        "split",
        "reasons",
        "versions",
    ]
    assert ask(GOOD)["versions"].keys() == {"packs", "tzdata", "holidays"}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "{",
        "nul",
        "null",
        "3",
        '"facts"',
        "[]",
        "[" * 5_000,
        GOOD + GOOD,
        GOOD[:-1],
        GOOD.replace("3000", "NaN"),
        GOOD.replace("3000", "Infinity"),
        GOOD.replace("3000", "03000"),
        GOOD.replace('"', "'"),
        GOOD.replace('"paid": 3000', '"paid": 3000, "paid": 3'),
        GOOD.replace('{"facts"', '{"facts": {}, "facts"'),
        GOOD.replace('{"facts"', '{"n": 1e5, "": 0, "": 1, "facts"'),
        GOOD.encode() + b"\xff",
        GOOD.replace("EUR", "E\udcff").encode("utf-8", "surrogateescape"),
    ],
)
def test_a_broken_line_is_one_error(line: str | bytes) -> None:
    error = ask(line)

    assert (error["error"], error["field"], error["due"]) == ("BAD_JSON", "json", None)


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ({}, "BAD_PACK", "pack"),
        ({"facts": a_line()}, "BAD_PACK", "pack"),
        ({"facts": a_line(), "packs": []}, "BAD_PACK", "pack"),
        ({"facts": a_line(), "packs": ["eu-crd@9"]}, "BAD_PACK", "pack"),
        ({"facts": a_line(), "packs": [{"pack": "x"}]}, "BAD_PACK", "pack"),
        ({"packs": ["eu-crd@1"]}, "BAD_FACTS", "facts"),
        ({"facts": None, "packs": ["eu-crd@1"]}, "BAD_FACTS", "facts"),
        ({"facts": {}, "packs": ["eu-crd@1"]}, "BAD_FACTS", "currency"),
        ({"facts": a_line(asked=9999), "packs": ["eu-crd@1"]}, "ASKED_TOO_MUCH", "asked"),
    ],
)
def test_a_case_that_is_refused_says_why(line: dict[str, Any], code: str, field: str) -> None:
    error = ask(json.dumps(line))

    assert list(error) == ["error", "field", "message", "due"]
    assert (error["error"], error["field"]) == (code, field)


@pytest.mark.parametrize(
    "line",
    [
        GOOD + "\r\n",
        " \t" + GOOD.replace(",", " ,\t"),
        GOOD.replace('{"facts"', '{"why": "two words: \\u00e9, \\/ and \\"x\\": 1", "facts"'),
        GOOD.replace('{"facts"', '{"n": [1e5, 1.0, -0, 12345678901234567890123], "facts"'),
        GOOD.replace('{"facts"', '{"why": "冷静期", "expect": {"a": {"a": 1}}, "facts"'),
    ],
)
def test_a_line_may_be_written_in_any_way_that_json_allows(line: str) -> None:
    assert ask(line) == ask(GOOD)


def test_big_numbers_stay_exact() -> None:
    many = 10**60 + 1
    allowances = [{"kind": "data", "granted": many, "used": 1}] * 2
    line = json.dumps({"facts": a_line(paid=many, allowances=allowances), "packs": ["eu-crd@1"]})

    assert (ask(line)["due"], ask(line)["share"]) == (many - 1, f"1/{many}")


def test_numbers_beyond_reason_are_still_one_line() -> None:
    many = [{"kind": "data", "granted": 10**4000 + odd, "used": 1} for odd in (1, 3, 7)]
    program = "from fairroam.project.decide import main; raise SystemExit(main([]))"
    line = json.dumps({"facts": a_line(paid=10**4000, allowances=many), "packs": ["eu-crd@1"]})

    done = subprocess.run(
        [sys.executable, "-c", program], input=f"{line}\n{GOOD}\n", capture_output=True, text=True
    )

    assert [json.loads(answer)["pack"] for answer in done.stdout.splitlines()[1:]] == ["eu-crd@1"]
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""


def test_after_every_kind_of_bad_facts_the_next_line_is_answered(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    lines = []
    for _field, changes in BAD:
        lines += [json.dumps({"facts": a_line(**changes), "packs": ["eu-crd@1"]}), GOOD]
    source = io.TextIOWrapper(io.BytesIO("\n".join(lines).encode()))
    monkeypatch.setattr(sys, "stdin", source)

    assert main([]) == 0
    sys.stdout.flush()

    answers = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [error["field"] for error in answers[::2]] == [field for field, _changes in BAD]
    assert all(decision["due"] == 1500 for decision in answers[1::2])


def test_receipts_for_people(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text(f"{GOOD}\n{{\n", "utf-8")

    assert main(["--explain", "--language", "zh-Hans", str(cases)]) == 0
    sys.stdout.flush()

    receipt, error = capfdbinary.readouterr().out.decode().strip().split("\n\n")
    rows = receipt.splitlines()
    assert rows[0].startswith("套餐实付金额。  ")
    assert rows[0].endswith(" €30.00")
    assert any(row.startswith("– 套餐已经激活") for row in rows)
    assert "现在退给你€15.00。" in rows
    assert error.startswith("BAD_JSON: ")


def test_a_file_that_is_not_there_is_told(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl" in capfd.readouterr().err


def test_neither_the_rules_nor_the_command_start_django() -> None:
    program = (
        "import sys, fairroam.rules\n"
        "slow = {'babel', 'holidays', 'tomllib'} & sys.modules.keys()\n"
        "import fairroam.project.decide\n"
        "print(sorted(slow), 'django' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.strip() == "[] False"
