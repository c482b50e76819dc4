"""What the order room refuses."""

from fairroam.apps.journal.refusals import Refusal


class ConsentMissing(Refusal):
    """Please tick the boxes that the law asks for before the service starts."""

    code = "consent-missing"
    status = 422


class UnknownResidence(Refusal):
    """We do not know this country. Please choose one from the list."""

    code = "residence-unknown"
    status = 422


class PaymentNotOurs(Refusal):
    """The provider names a payment or payout that we do not know."""

    code = "not-ours"


class NotYourWallet(Refusal):
    """Your balance pays for orders under the address that you are signed in with. Please take that
    address, or pay without the balance.
    """

    code = "not-your-wallet"
    status = 422


class CannotTopUp(Refusal):
    """The eSIM you have cannot carry this plan. Please choose another one, or buy a new eSIM."""

    code = "cannot-top-up"


class NoSuchPromoCode(Refusal):
    """We do not know this promo code, or its time is over. Please check it, or order without it."""

    code = "promo-code-unknown"
    status = 422


class PromoCodeNotForThis(Refusal):
    """This promo code is not for this plan or amount. Please choose another plan, or order
    without it.
    """

    code = "promo-code-not-for-this"
    status = 422


class PromoCodeUsedUp(Refusal):
    """This promo code has no use left for this order. Please order without it."""

    code = "promo-code-used-up"


class PromoCodeTaken(Refusal):
    """There is such a promo code already. Please choose other letters."""

    code = "promo-code-taken"


class TrialUsed(Refusal):
    """A trial is given once per mailbox and phone, and this mailbox has had one. You can choose any
    plan instead: what you do not use of it can be paid back.
    """

    code = "trial-used"
