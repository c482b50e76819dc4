"""Reads of orders: terms, pages, promotions, faults."""

from fairroam.apps.orders.queries.faults import find_faults
from fairroam.apps.orders.queries.pages import (
    OrderPage,
    consents_of,
    customer_of_order,
    order_of_payment,
    order_page,
    orders_of,
    sold_again_asked,
    unpaid_of,
)
from fairroam.apps.orders.queries.promotions import (
    is_trial,
    promo_codes,
    trials,
    trials_not_reminded,
)
from fairroam.apps.orders.queries.terms import (
    LineTerms,
    TenderTerms,
    base_of,
    owner_of,
    terms_asked,
    terms_of,
    terms_of_each,
    top_ups_of,
)

__all__ = [
    "LineTerms",
    "OrderPage",
    "TenderTerms",
    "base_of",
    "consents_of",
    "customer_of_order",
    "find_faults",
    "is_trial",
    "order_of_payment",
    "order_page",
    "orders_of",
    "owner_of",
    "promo_codes",
    "sold_again_asked",
    "terms_asked",
    "terms_of",
    "terms_of_each",
    "top_ups_of",
    "trials",
    "trials_not_reminded",
    "unpaid_of",
]
