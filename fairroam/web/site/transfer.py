"""What to transfer for an order: account, amount, reference, and a code that banks' apps read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from segno import helpers
from stdnum import iban

from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.payments.queries.arrivals import AwaitedTransfer, awaited_at
from fairroam.rules.money import minor_digits
from fairroam.web.site.orders import order_for


@never_cache
@require_safe
def transfer(request: HttpRequest, number: str) -> HttpResponse:
    """For the browser that placed the order, or its signed-in owner, until the money is here."""
    try:
        page = order_for(request, number)
    except NotAmongYours as refusal:
        return render(request, "site/order_hidden.html", status=refusal.status)
    asked = awaited_at(page.pay_url)
    if asked is None:
        raise Http404
    if asked.stage == "captured":
        return redirect("site:order", number)
    return render(request, "site/transfer.html", {"order": page, **to_transfer(asked)})


def to_transfer(asked: AwaitedTransfer) -> dict[str, Any]:
    """What site/transfer_card.html shows: account, amount, reference, and their code."""
    symbol = helpers.make_epc_qr(
        name=settings.FAIRROAM_BANK_HOLDER,
        iban=settings.FAIRROAM_BANK_IBAN,
        bic=settings.FAIRROAM_BANK_BIC or None,
        amount=Decimal(asked.amount_minor).scaleb(-minor_digits(asked.currency)),
        reference=asked.reference,
    )
    return {
        "asked": asked,
        "holder": settings.FAIRROAM_BANK_HOLDER,
        "iban": iban.format(settings.FAIRROAM_BANK_IBAN),
        "bic": settings.FAIRROAM_BANK_BIC,
        "symbol": symbol.svg_data_uri(border=4, light="#fff", dark="#000"),
    }
