"""Papers of one's own: all of them, each to read, as a picture (PDF) and as the signed truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.papers import operations
from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.models import Paper
from fairroam.web.account.me import customers_only
from fairroam.web.components.paging import page_of
from fairroam.web.components.words import PAPERS


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a paper as the receipt on pages shows it. amount: minor units."""

    text: str
    amount: int | None
    applies: bool = True
    code: str = ""
    facts: dict[str, str] = field(default_factory=dict)


def lines_of(statement: dict[str, Any]) -> list[Line]:
    """The lines of the signed statement, none left out: as its PDF and its mail have them."""
    if statement["kind"] == "invoice":
        return [Line(one["description"], one["gross"]["minor"]) for one in statement["lines"]]
    return [
        Line(
            one["text"],
            one["amount"]["minor"] if "amount" in one else None,
            one.get("counts", True),
            one.get("code", ""),
        )
        for one in statement.get("reasons", [])
    ]


@never_cache
@customers_only
@require_safe
def overview(request: HttpRequest, customer: Customer) -> HttpResponse:
    """All papers, newest first, or those of one kind."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in PAPERS else ""
    present = papers.kinds_of(customer.pk)
    context = {
        "papers": page_of(papers.papers_of(customer.pk, kind=kind), request),
        "kinds": [(name, words) for name, words in PAPERS.items() if name in present],
        "kind": kind,
        "zone": customer.zone,
    }
    return render(request, "account/papers.html", context)


@never_cache
@customers_only
@require_safe
def page(request: HttpRequest, customer: Customer, number: str) -> HttpResponse:
    """One paper to read: the same lines as in its PDF."""
    found = own(number, customer)
    if found is None:
        raise NotAmongYours
    return render(request, "account/paper.html", told(found))


def told(found: Paper) -> dict[str, Any]:
    """A paper in words, for `account/paper_body.html`."""
    statement = found.statement
    return {
        "paper": found,
        "statement": statement,
        "lines": lines_of(statement),
        "currency": statement["total"]["currency"] if "total" in statement else "",
        "may_be_looked_up": found.kind not in papers.COUNTED_UP,
    }


@never_cache
@customers_only
@require_safe
def paper(request: HttpRequest, customer: Customer, number: str, form: str) -> HttpResponse:
    """Download invoice, credit note, decision or receipt."""
    return as_file(request, own(number, customer), form)


def as_file(request: HttpRequest, found: Paper | None, form: str) -> HttpResponse:
    """A paper to keep, as "pdf" or "json"; nothing is like another form."""
    if found is None or form not in ("pdf", "json"):
        raise NotAmongYours
    if form == "pdf":
        body, kind = operations.render_pdf(found), "application/pdf"
    else:
        body, kind = found.signed.encode(), "application/json"
    response = HttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{found.number}.{form}"'
    return response


def own(number: str, customer: Customer) -> Paper | None:
    """The paper of that number, if it is this customer's."""
    found = papers.find_by_number(number)
    return found if found is not None and found.customer_id == customer.pk else None
