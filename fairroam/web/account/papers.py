"""A paper of one's own: as a picture (PDF) and as the signed truth (JSON)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.papers import operations
from fairroam.apps.papers import queries as papers
from fairroam.web.account.me import customers_only


@never_cache
@customers_only
@require_safe
def paper(request: HttpRequest, customer: Customer, number: str, form: str) -> HttpResponse:
    """Download invoice, credit note, decision or receipt."""
    found = papers.find_by_number(number)
    if found is None or found.customer_id != customer.pk or form not in ("pdf", "json"):
        return render(request, "account/hidden.html", status=404)
    if form == "pdf":
        body, kind = operations.render_pdf(found), "application/pdf"
    else:
        body, kind = found.signed.encode(), "application/json"
    response = HttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{found.number}.{form}"'
    return response
