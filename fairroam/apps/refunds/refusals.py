"""What the refund room refuses."""

from fairroam.apps.journal.refusals import Refusal


class AlreadyAsked(Refusal):
    """You have asked for this already. Your request is open; you can follow it on its page."""

    code = "refund-already-open"


class OrderedLater(Refusal):
    """This order was placed after these words had reached us: they are about another one."""

    code = "ordered-later"
    status = 422


class NothingPaid(Refusal):
    """Nothing has been paid for this yet, so there is nothing to give back."""

    code = "nothing-paid"


class AskedTooMuch(Refusal):
    """That is more than is due. Ask for what is due, and tell a person what you wish beyond it."""

    code = "asked-too-much"
    status = 422


class CurrencyMismatch(Refusal):
    """You paid in another currency. Money comes back in the one you paid in; ask in that."""

    code = "currency-mismatch"
    status = 422


class QuoteExpired(Refusal):
    """The amount was guarded for fifteen minutes, and they are over. This is today's amount."""

    code = "quote-expired"


class QuoteChanged(Refusal):
    """Something changed since you looked, so the amount was calculated again. Please look at it."""

    code = "quote-changed"


class NoOpenTrouble(Refusal):
    """Nothing is open here any more: it works again, as far as we know. You can tell us anew."""

    code = "no-open-trouble"


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


class TooManyDeclarations(Refusal):
    """Many declarations came with this address today. Write to us by mail; it counts as well."""

    code = "too-many-declarations"
    status = 429


class AlreadySettled(Refusal):
    """This has been carried out or closed already."""

    code = "already-settled"


class SamePersonAsBefore(Refusal):
    """An appeal is decided by somebody who had no part in the first answer."""

    code = "same-person-as-before"
    status = 403


class AboveYourLimit(Refusal):
    """This amount is above what your role gives alone. Have a second person confirm it."""

    code = "above-your-limit"
    status = 403


class OfferExpired(Refusal):
    """This offer has expired. A person looks at your request again; you can also write to them."""

    code = "offer-expired"


class NothingLeft(Refusal):
    """All that you paid has come back by now, or is on its way: nothing of it is left to give."""

    code = "nothing-left"


class TooManyCounters(Refusal):
    """You have asked for something else twice. Please accept this offer or decline it."""

    code = "too-many-counters"


class WishedTooMuch(Refusal):
    """That is more than you paid. Please ask for at most that."""

    code = "wished-too-much"
    status = 422


class AppealUsed(Refusal):
    """Another person has looked at this already. If you still see it otherwise, ask a body outside
    our company; they are named on this page.
    """

    code = "appeal-used"


class NoSuchRun(Refusal):
    """There is no such refund run."""

    code = "no-such-run"
    status = 404


class IncidentNotOver(Refusal):
    """Everybody gets money back once a failure is confirmed and over. Write down its end first."""

    code = "incident-not-over"


class RunUnderWay(Refusal):
    """A refund run for this incident is under way. Let it finish, or discard what is left of it."""

    code = "run-under-way"


class PreviewOutdated(Refusal):
    """This is not the preview that you saw. Please count again, and look at the new sums."""

    code = "preview-outdated"


class TooManyFiles(Refusal):
    """For one plan we keep at most 20 files. Write us a message if you have more to show."""

    code = "too-many-files"
