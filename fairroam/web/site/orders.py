"""The page of one order: it waits with the buyer, from paying to the finished eSIM."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from fairroam.apps.customers import queries as customers
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.queries import OrderPage
from fairroam.web.account.me import BOUGHT_HERE, signed_in

SENT_TO_PAY = "sent_to_pay"  # session key: orders whose pay page opened by itself, which is once


class HtmxRequest(HttpRequest):
    """A request that says whether htmx asks; the middleware adds that."""

    htmx: HtmxDetails


def remember_order(request: HttpRequest, number: str) -> None:
    """This browser placed that order and may see its page without signing in."""
    numbers = request.session.get(BOUGHT_HERE, [])
    request.session[BOUGHT_HERE] = [*(n for n in numbers if n != number), number][-20:]


def order_for(request: HttpRequest, number: str) -> OrderPage:
    """The order, for the browser that placed it or its signed-in owner. Raises NotAmongYours."""
    page = orders.order_page(number)
    was_bought_here = number in request.session.get(BOUGHT_HERE, [])
    if was_bought_here and customers.customer(page.customer_id).is_open:
        return page
    owner = signed_in(request)
    if owner is None or owner.pk != page.customer_id:
        raise NotAmongYours(number=number)
    return page


@never_cache
@require_safe
def order(request: HtmxRequest, number: str) -> HttpResponse:
    """How far the order is. htmx asks for the moving part alone, again and again."""
    try:
        page = order_for(request, number)
    except NotAmongYours as refusal:
        # The same answer for a number that does not exist and for somebody else's.
        return render(request, "site/order_hidden.html", status=refusal.status)
    is_to_pay = page.stage == "awaiting_payment" and page.payment_stage == "started"
    if request.htmx and is_to_pay and may_send_to_pay(request, number):
        return HttpResponseClientRedirect(page.pay_url)
    template = "site/order_progress.html" if request.htmx else "site/order.html"
    return render(request, template, {"order": page, "is_to_pay": is_to_pay})


def may_send_to_pay(request: HttpRequest, number: str) -> bool:
    """True once per order: who comes back from the pay page unpaid is not pushed there again."""
    sent = request.session.get(SENT_TO_PAY, [])
    if number in sent:
        return False
    request.session[SENT_TO_PAY] = [*sent, number][-20:]
    return True
