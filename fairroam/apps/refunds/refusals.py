"""What the refund room refuses."""

from fairroam.apps.journal.refusals import Refusal


class AlreadyAsked(Refusal):
    """You have asked for this already. Your request is open; you can follow it on its page."""

    code = "refund-already-open"


class NothingPaid(Refusal):
    """Nothing has been paid for this yet, so there is nothing to give back."""

    code = "nothing-paid"


class AskedTooMuch(Refusal):
    """That is more than is due. Ask for what is due, and tell a person what you wish beyond it."""

    code = "asked-too-much"
    status = 422


class FiguresMoved(Refusal):
    """New facts changed the amount. Please look at the new decision first."""

    code = "figures-moved"


class LineStillOn(Refusal):
    """This is paid once the plan is proven off. The network has not confirmed that yet."""

    code = "line-still-on"


class UsageNotTold(Refusal):
    """The supplier has yet to tell what was used last. The case goes on by itself once it has."""

    code = "usage-not-told"


class BeyondTheOffer(Refusal):
    """That is more goodwill than the terms of this plan allow to offer."""

    code = "beyond-the-offer"
    status = 422


class NothingToPay(Refusal):
    """Nothing is due and no goodwill was named. Decline with a reason, or name an amount."""

    code = "nothing-to-pay"
    status = 422


class DueByTheRules(Refusal):
    """The rules say that money is due here. It cannot be declined."""

    code = "due-by-the-rules"


class NotYourOwnCase(Refusal):
    """Nobody decides on money for themselves. Please hand this to a colleague."""

    code = "own-case"
    status = 403
