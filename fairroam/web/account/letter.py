"""A ready letter that asks for money back: polite, in one's language, with the order's facts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.orders import queries as orders
from fairroam.apps.refunds import queries
from fairroam.clock import now
from fairroam.web.account.me import customers_only
from fairroam.web.components.three_answers import three_answers


def text_of(request: HttpRequest, customer: Customer, line_id: int) -> tuple[str, dict[str, Any]]:
    """The letter in the language of the page, and the line it is about. Raises NotAmongYours."""
    page = esims.line_page(line_id, customer.pk)
    quote = queries.quote(line_id, now=now())
    context = {
        "page": page,
        "terms": orders.terms_of(line_id),
        "quote": quote,
        "answers": three_answers(quote.facts, quote.decision, request.LANGUAGE_CODE),
        "brand": catalogue.brand(),
        "customer": customer,
        "today": now().date(),
    }
    return render_to_string("account/letter.txt", context, request).strip() + "\n", context


@never_cache
@customers_only
@require_safe
def letter(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """The letter to read, copy or download."""
    text, context = text_of(request, customer, line_id)
    return render(request, "account/letter.html", {**context, "text": text})


@never_cache
@customers_only
@require_safe
def download(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """The letter as a text file."""
    text, context = text_of(request, customer, line_id)
    number = context["page"].order_number
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="money-back-{number}.txt"'
    return answer
