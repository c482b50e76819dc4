"""Templates are compiled for each language, and what is constant in one is written right then.

Half of a page is texts, pictures, addresses of files and pages that never change: a compiled
template holds them as one text, so that showing it looks up only what differs.

Chinese sets no space behind a full-width mark, which is as wide as one: what templates type
between two sentences is left out there, and a text of a guide follows the same rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.template import Context, Origin, Template
from django.template.base import FilterExpression, Node, NodeList, TextNode, TokenType
from django.template.defaulttags import CommentNode, ForNode, IfNode, LoadNode, URLNode
from django.template.library import SimpleNode
from django.template.loaders import base, cached
from django.templatetags.i18n import BlockTranslateNode, LanguageNode, TranslateNode
from django.templatetags.static import StaticNode
from django.urls import NoReverseMatch
from django.utils.translation import get_language

from fairroam.web.components import tags
from fairroam.web.components.formats import GAP, INLINE

ENDED = re.compile(rf"[。！？：；，]{INLINE}\Z")
GAP_IN_LINE = re.compile(r"(?<=[。！？：；，])() +")  # of a mail, whose lines stay
ENGLISH_MARKS = (".", "!", "?", ":", ";", ",")


class Folding(base.Loader):
    """Compiles a template for the language that is spoken now."""

    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        template = super().get_template(template_name, skip)
        fold(template)
        return template


class Loader(cached.Loader, Folding):
    """Django's loader that compiles each template once: here, once for each language."""

    def cache_key(self, template_name: str, skip: list[Origin] | None = None) -> str:
        return f"{get_language()}-{super().cache_key(template_name, skip)}"


def fold(template: Template) -> None:
    """Write what is constant in a template as text, and texts that follow each other as one."""
    context = Context()
    with context.bind_template(template):
        is_mail = (template.name or "").endswith(".txt")
        fold_nodes(template.nodelist, context, GAP_IN_LINE if is_mail else GAP)


def fold_nodes(
    nodes: NodeList, context: Context, gap: re.Pattern[str], is_ended: bool = False
) -> bool:
    """Fold a list of nodes. is_ended: whether a sentence ended before it; its own end is said."""
    folded: list[Node] = []
    for node in nodes:
        text = constant(node, context)
        if text is None:
            before = is_ended and not isinstance(node, ForNode)  # its rows keep what parts them
            ends = [fold_nodes(inner, context, gap, before) for inner in lists_in(node)]
            is_ended = any(ends) or ends_sentence(node)
            folded.append(node)
            continue
        text = without_gaps(text, gap, is_ended)
        is_ended = bool(ENDED.search(text)) if text else is_ended
        if folded and isinstance(folded[-1], TextNode):
            folded[-1] = TextNode(folded[-1].s + text)
        elif text:
            folded.append(TextNode(text))
    nodes[:] = folded
    return is_ended


def without_gaps(text: str, gap: re.Pattern[str], is_ended: bool) -> str:
    """The text as its language sets it behind the end of a sentence."""
    if not is_chinese():
        return text
    return gap.sub(r"\1", f"。{text}")[1:] if is_ended else gap.sub(r"\1", text)


def ends_sentence(node: Node) -> bool:
    """Whether this text with places to fill ends with a mark, as what it is translated to does."""
    if not isinstance(node, BlockTranslateNode) or node.asvar:
        return False
    return (node.plural or node.singular)[-1].contents.rstrip().endswith(ENGLISH_MARKS)


def is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def lists_in(node: Node) -> Iterator[NodeList]:
    """The nodes inside of one, but for those that speak another language."""
    if isinstance(node, IfNode):
        yield from (nodes for _condition, nodes in node.conditions_nodelists)
    elif not isinstance(node, LanguageNode):
        found = (getattr(node, name, None) for name in node.child_nodelists)
        yield from (nodes for nodes in found if isinstance(nodes, NodeList))


def constant(node: Node, context: Context) -> str | None:
    """What the node always writes in this language; None where that depends on something."""
    if isinstance(node, TextNode):
        return str(node.s)
    if not is_constant(node):
        return None
    try:
        return str(node.render(context))
    except NoReverseMatch:  # A part that only a demo shows: it is not reached elsewhere.
        return None


def is_constant(node: Any) -> bool:
    match node:
        case LoadNode() | CommentNode():
            return True
        case TranslateNode():
            given = [node.filter_expression]
            return not node.asvar and node.message_context is None and are_constant(given)
        case BlockTranslateNode():
            texts = [*node.singular, *(node.plural or ())]
            is_plain = all(token.token_type == TokenType.TEXT for token in texts)
            return is_plain and not (node.countervar or node.extra_context or node.asvar)
        case URLNode():
            given = [node.view_name]
            return not (node.args or node.kwargs or node.asvar) and are_constant(given)
        case StaticNode():
            return node.varname is None and are_constant([node.path])
        case SimpleNode():
            is_picture = node.func is tags.icon and node.target_var is None
            return is_picture and are_constant([*node.args, *node.kwargs.values()])
    return False


def are_constant(expressions: Iterable[FilterExpression]) -> bool:
    """Whether all of them are written out in the template, without filters."""
    return all(not one.filters and getattr(one.var, "lookups", None) is None for one in expressions)
