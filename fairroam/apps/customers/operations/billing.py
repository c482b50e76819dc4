"""The business that a customer's invoices are made out to."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from stdnum.eu import vat
from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

from fairroam.apps.customers.models import BillingDetails
from fairroam.apps.customers.operations.opening import lock_for_new
from fairroam.apps.customers.refusals import NoSuchTaxNumber

PLAIN_MIN, PLAIN_MAX = 4, 20


@transaction.atomic
def keep_billing(
    *, customer_id: int, company: str, address: str, country: str, tax_number: str, now: datetime
) -> None:
    """Let later invoices name this business; those that were written stay as they are.

    Raises AccountClosed, AccountLeaving, NoSuchTaxNumber.
    """
    lock_for_new(customer_id)
    BillingDetails.objects.update_or_create(
        customer_id=customer_id,
        defaults={
            "company": company,
            "address": address,
            "country": country,
            "tax_number": checked(tax_number, country) if tax_number else "",
            "kept_at": now,
        },
    )


@transaction.atomic
def forget_billing(*, customer_id: int) -> None:
    """Let later invoices name the customer's number again."""
    lock_for_new(customer_id)
    BillingDetails.objects.filter(customer_id=customer_id).delete()


def checked(tax_number: str, country: str) -> str:
    """The VAT number of a country in its compact form. Raises NoSuchTaxNumber.

    Form and check digits, as each country publishes them (python-stdnum); nobody is asked whether
    it is in use. In the EU the prefix of the country is part of it (Directive 2006/112/EC,
    Art. 215). Where no rule of a country is known, letters and digits are taken as they come.
    """
    prefix = "EL" if country == "GR" else country
    plain = "".join(character for character in tax_number.upper() if character.isalnum())
    module = get_cc_module(country.lower(), "vat")
    try:
        if country.lower() in vat.MEMBER_STATES:
            return str(vat.validate(prefix + plain.removeprefix(prefix).removeprefix(country)))
        if module is not None:
            return str(module.validate(plain))
    except ValidationError:
        raise NoSuchTaxNumber(country=country) from None
    if not (PLAIN_MIN <= len(plain) <= PLAIN_MAX and plain.isascii()):
        raise NoSuchTaxNumber(country=country)
    return plain
