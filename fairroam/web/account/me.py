"""Who is asking: the signed-in customer, or the browser that bought."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders import queries as orders
from fairroam.web.account import session_store

Words = ParamSpec("Words")
BOUGHT_HERE = "orders"  # session key: numbers of the orders placed in this browser


def signed_in(request: HttpRequest) -> Customer | None:
    """The customer behind the sign-in; None for visitors and for people who never bought."""
    if not request.user.is_authenticated:
        return None
    visit = session_store.visit_of(request)
    if visit is not None:
        return visit.customer
    return customers.customer_of_user(request.user.pk)


def customers_only(
    view: Callable[Concatenate[HttpRequest, Customer, Words], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Ask for the sign-in first; who never bought anything is shown the shop."""

    @login_required
    @wraps(view)
    def asked(request: HttpRequest, *args: Words.args, **words: Words.kwargs) -> HttpResponse:
        customer = signed_in(request)
        if customer is None:
            return redirect("site:home")
        return view(request, customer, *args, **words)

    return asked


def owner_of_line(request: HttpRequest, order_line_id: int) -> int:
    """The id of the customer whose line this is, if this browser may see it.

    It may when its owner is signed in, or when it was bought here. Raises NotAmongYours, also
    for lines that do not exist.
    """
    owner_id, order_number = orders.owner_of(order_line_id)
    customer = signed_in(request)
    if customer is not None and customer.pk == owner_id:
        return owner_id
    was_bought_here = order_number in request.session.get(BOUGHT_HERE, [])
    if was_bought_here and customers.customer(owner_id).is_open:
        return owner_id
    raise NotAmongYours(order_line_id=order_line_id)
