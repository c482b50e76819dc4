"""Every text in every language: none forgotten, none by halves, none written past them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from django.template.base import Lexer, TokenType
from django.utils import translation
from django.utils.translation import gettext
from opencc import OpenCC

from fairroam.apps.journal.refusals import Refusal
from fairroam.project import messages
from fairroam.project.messages import SIMPLIFIED, TRADITIONAL
from fairroam.web.components import words

# Written so in both, or Traditional for another word: 皇后, 公里, 只有, 批准, 干涉.
IN_BOTH = frozenset("后里只准台系面云干松表制于同谷回采游范刮并才杯尽志注秋折伙佣夸家吃群峰")


@cache
def _converter(name: str) -> OpenCC:
    return OpenCC(name)


def simplified_in(text: str) -> set[str]:
    """The characters of a text that only Simplified Chinese writes."""
    forth, back = _converter("s2t"), _converter("t2s")
    return {
        one for one in set(text) - IN_BOTH if forth.convert(one) != one and back.convert(one) == one
    }


def texts_of(path) -> Iterator[str]:
    for entry in messages.whole(path):
        if entry.id:
            yield from [entry.string] if isinstance(entry.string, str) else entry.string


@pytest.mark.promise(3)
@pytest.mark.parametrize("path", messages.catalogues(), ids=lambda path: path.parts[-3])
def test_no_text_is_missing_uncertain_or_with_other_places_to_fill(path):
    catalogue = messages.whole(path)

    assert messages.untranslated(path) == []
    assert [entry.id for entry in catalogue if entry.id and entry.fuzzy] == []
    assert [str(error) for _entry, errors in catalogue.check() for error in errors] == []


def test_a_text_is_found_wherever_it_stands():
    found = {(text, path.suffix) for (text, _context), path in messages.messages()}

    assert ("We cannot do that.", ".py") in found  # the sentence of a refusal
    assert ("Where do you live?", ".py") in found
    assert ("Skip to the content", ".html") in found
    assert (("%(days)s day", "%(days)s days"), ".html") in found


@pytest.mark.promise(3)
def test_traditional_chinese_has_no_simplified_characters():
    left = {text: found for text in texts_of(TRADITIONAL) if (found := simplified_in(text))}

    assert left == {}
    assert simplified_in("订单只能在这里") == set("订单这")


def test_what_is_said_otherwise_is_still_said():
    own = {messages.key_of(entry) for entry in messages.read_catalogue(TRADITIONAL) if entry.id}
    said = {messages.key_of(entry) for entry in messages.read_catalogue(SIMPLIFIED) if entry.id}

    assert own <= said


@pytest.mark.promise(3)
def test_chinese_is_set_with_its_own_punctuation():
    half_width = re.compile(r"[\u4e00-\u9fff][,;:!?](?!\s?[\w/])|[\u4e00-\u9fff]\.(?:\s|$)")

    for path in (SIMPLIFIED, TRADITIONAL):
        assert [text for text in texts_of(path) if half_width.search(text)] == []
    assert [text for text in texts_of(TRADITIONAL) if set("“”‘’") & set(text)] == []


@pytest.mark.promise(3)
def test_no_space_is_typed_between_chinese_and_what_is_not():
    """The page sets it (`text-autospace`); only an address keeps its own, so that a link ends."""
    address = r"%\((?:official_address|address|site|page|url|link|email|contact|stop)\)s\S*"
    typed = re.compile(r"[\u4e00-\u9fff] [\w%]|[\w%)] [\u4e00-\u9fff]", re.ASCII)

    for path in (SIMPLIFIED, TRADITIONAL):
        texts = ((text, re.sub(address, "\n", text)) for text in texts_of(path))
        assert [text for text, rest in texts if typed.search(rest)] == []


# What is written alike in every language: formats, numbers of banks, the class of a page's layout.
ALIKE = {"PDF", "JSON", "SHA-256", "IBAN", "BIC", "with-rail"}
NOT_READ = re.compile(
    r"<(script|style|code)\b.*?</\1>"  # for machines
    r"|<(\w+)[^>]*\blang=\"[^>]*>[^<]*</\2>"  # says itself in which language it is
    r"|[\w.-]*/[\w./-]*|\w+\.\w+",  # addresses and files
    re.DOTALL,
)
READ_ALOUD = re.compile(
    r"\b(?:alt|aria-label|aria-description|title|placeholder|label)=\"([^\"]*)\""
)
TAG = re.compile(r"<\s*/?\s*[a-z!][^>]*>", re.DOTALL)
WORD = re.compile(r"[A-Za-z][A-Za-z-]*[A-Za-z][\w-]*")


def words_outside(source: str) -> set[str]:
    """The words of a template that no tag translates."""
    kept, block = [], ""
    for token in Lexer(source).tokenize():
        name = token.contents.split(" ")[0].split("\n")[0]
        if token.token_type == TokenType.BLOCK and (block or name in TRANSLATED):
            block = "" if name == f"end{block}" else block or name
        elif token.token_type == TokenType.TEXT and not block:
            kept.append(token.contents)
        else:
            kept.append(" ")
    text = NOT_READ.sub(" ", "".join(kept))
    heard = READ_ALOUD.findall(text)
    return set(WORD.findall(" ".join([TAG.sub(" ", text), *heard]))) - ALIKE


TRANSLATED = ("blocktranslate", "comment")


@pytest.mark.promise(3)
def test_no_template_writes_words_past_the_translators():
    templates = [
        path
        for path in messages.PACKAGE.glob("**/templates/**/*")
        if path.suffix in (".html", ".txt") and path.name != "components.html"  # names of our own
    ]

    found = {path.name: left for path in templates if (left := words_outside(path.read_text()))}
    assert found == {}
    assert words_outside('<p title="Of us">{% translate "We" %} say</p>') == {"Of", "us", "say"}
    assert len(templates) > 200


# Where a text goes from Python to people: the argument by its name, or by its place.
SAID_BY_NAME = {"label", "help_text", "empty_label", "error_messages"}
SAID_BY_CALL = {"ValidationError": 0, "success": 1, "error": 1, "info": 1, "warning": 1}
SAID_BY_CALL |= {"add_error": 1, "append_error": 1}


def strings_said(source: str) -> Iterator[str]:
    """The texts that Python hands to people as they stand, in English only."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        said = [keyword.value for keyword in call.keywords if keyword.arg in SAID_BY_NAME]
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        said += call.args[SAID_BY_CALL[name] :][:1] if name in SAID_BY_CALL else []
        for choice in (k.value for k in call.keywords if k.arg == "choices"):
            said += [pair.elts[1] for pair in ast.walk(choice) if is_pair(pair)]
        for value in said:
            values = value.values if isinstance(value, ast.Dict) else [value]
            parts = [part for each in values for part in getattr(each, "values", [each])]
            yield from (
                part.value
                for part in parts
                if isinstance(part, ast.Constant)
                and isinstance(part.value, str)
                and WORD.search(part.value)
            )


def is_pair(node: ast.AST) -> bool:
    """A choice and its words; a button of our own says others, where the two are the same."""
    if not (isinstance(node, ast.Tuple) and len(node.elts) == 2):
        return False
    return ast.dump(node.elts[0]) != ast.dump(node.elts[1])


# Migrations; the parts' own page; rows of files that an operator reads in a terminal.
NOT_FOR_PEOPLE = {"migrations", "components_page.py", "models.py"}


@pytest.mark.promise(3)
def test_no_form_or_message_speaks_english_alone():
    files = [path for room in ("web", "apps") for path in (messages.PACKAGE / room).rglob("*.py")]
    files = [path for path in files if not NOT_FOR_PEOPLE & {path.name, path.parent.name}]

    found = {path.name: said for path in files if (said := list(strings_said(path.read_text())))}
    assert found == {}
    assert list(strings_said('f(label="Name", choices=[("a", "Yes")])')) == ["Name", "Yes"]


@pytest.mark.promise(3)
@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_every_word_of_the_pages_tables_is_chinese(language):
    with translation.override(language):
        said = [str(word.word) for flow in words.STAGES.values() for word in flow.values()]
        said += map(str, [*words.MISSING.values(), *words.NUMBER_ACTS.values()])
        said += map(str, words.PAPERS.values())
        said += [str(gettext(" ".join(one.__doc__.split()))) for one in refusals()]

    assert [text for text in said if not re.search(r"[\u4e00-\u9fff]", text)] == []
    assert len(said) > 150


def refusals() -> list[type[Refusal]]:
    """Every refusal that we know: all are subclasses of one."""
    known = [Refusal]
    for one in known:
        known += one.__subclasses__()
    return [one for one in known if one.__module__.startswith("fairroam.")]


@pytest.mark.promise(3)
def test_no_template_writes_a_day_or_a_number_by_hand():
    by_hand = re.compile(r"\|(?:date|time|floatformat|intcomma|pluralize)\b(?!:'(?:Y-m-d|c)')")
    templates = messages.PACKAGE.glob("**/templates/**/*.*")

    assert [path.name for path in templates if by_hand.search(path.read_text())] == []
