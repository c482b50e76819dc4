"""The documentation says what the program has: commands, options, pages, targets, units."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from fairroam.project import cli
from scripts.docs_hooks import AUDIENCES, listed, routes, sentence_of

ROOT = Path(__file__).parents[2]
COMMANDS = (ROOT / "docs/commands.md").read_text()
UNITS = sorted(
    path for path in (ROOT / "deploy").iterdir() if path.suffix in (".service", ".timer")
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built documentation; a broken link, anchor or a page without a place stops it."""
    folder = tmp_path_factory.mktemp("docs")
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True)
    build(config)
    return folder


def test_the_site_is_whole_searchable_and_loads_nothing_from_elsewhere(site):
    pages = {path: path.read_text() for path in site.rglob("*.html")}
    assert len(pages) > 30
    loaded = re.compile(r'<(?:script|img|iframe)[^>]+src="([^"]+)|<link[^>]+href="([^"]+)')
    found = {one or other for page in pages.values() for one, other in loaded.findall(page)}
    found |= {
        address
        for style in site.rglob("*.css")
        for address in re.findall(r"url\(['\"]?([^)'\"]+)", style.read_text())
    }
    assert found
    assert not [address for address in found if re.match(r"(https?:)?//", address)]
    assert "checklist" in (site / "search/search_index.json").read_text()


def test_every_named_page_is_described():
    from django.urls import get_resolver

    told = "".join(map(listed, (*AUDIENCES, "sign in")))
    named = [
        (route, pattern)
        for space, route, pattern in routes(get_resolver())
        if pattern.name and space in AUDIENCES
    ]
    assert len(named) > 100
    assert [route for route, pattern in named if not sentence_of(pattern)] == []
    assert told.count("\n| `/") >= len(named)


def test_every_word_of_the_command_is_described():
    ours = {"mail-door"} | cli.PLAIN.keys() | cli.OURS.keys()
    described = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)[ `]", COMMANDS))
    assert ours - described == set()
    said = set(re.findall(r"^fairroam ([a-z-]+)", cli.HELP, re.MULTILINE))
    assert ours - said == {"worker", "seed", "cast"}, "these are started by others"


@pytest.mark.parametrize("word", sorted((cli.PLAIN | cli.OURS).keys()))
def test_every_option_of_a_word_is_described(word, capsys):
    (row,) = (line for line in COMMANDS.splitlines() if re.match(rf"\| [^|]*`{word}[ `]", line))
    if word in cli.WITHOUT_OPTIONS:
        assert "| none" in row
        return
    module, function = (cli.PLAIN | cli.OURS)[word].split(":")
    if word == "migrate":
        return  # Django's own
    with pytest.raises(SystemExit) as ended:
        getattr(import_module(module), function)(["--help"])
    assert ended.value.code == 0
    options = set(OPTION.findall(capsys.readouterr().out)) - {"--help"}
    assert options - set(OPTION.findall(row)) == set()


def test_every_target_for_people_has_its_words():
    makefile = (ROOT / "Makefile").read_text()
    phony = makefile.split(".PHONY:")[1].split("\n\n")[0].replace("\\", " ").split()
    inner = {name for name in phony if name.startswith(("check-", "test-"))}
    inner |= {"styles", "messages", "setup-test"}
    described = set(re.findall(r"`make ([a-z-]+)`", listed("make targets")))
    assert set(phony) - inner == described


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_one_that_systemd_takes(unit, tmp_path):
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment]
    parsed.read_string(unit.read_text())
    for command in re.findall(r"bin/fairroam ([a-z-]+)", unit.read_text()):
        assert command in cli.PLAIN | cli.OURS
    if unit.suffix == ".timer":
        assert unit.with_suffix(".service") in UNITS
    if not shutil.which("systemd-analyze"):
        return
    # What it runs is not on this machine: any program that is there stands for it.
    program = re.sub(r"/opt/fairroam/\.venv/bin/fairroam", "/bin/true", unit.read_text())
    tried = tmp_path / unit.name
    tried.write_text(program)
    if unit.suffix == ".timer":
        shutil.copy(unit.with_suffix(".service"), tmp_path)
        service = tmp_path / unit.with_suffix(".service").name
        service.write_text(re.sub(r"/opt/\S+fairroam ", "/bin/true ", service.read_text()))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tried],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
