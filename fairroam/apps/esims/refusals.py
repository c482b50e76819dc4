"""What the room of lines refuses."""

from fairroam.apps.journal.refusals import Refusal


class ActUnderWay(Refusal):
    """Something else is still under way for this eSIM. Please try again once it is done."""

    code = "act-under-way"


class StillInAPhone(Refusal):
    """The eSIM is still on a phone. Delete it there first, or tell us that the phone is gone."""

    code = "still-in-a-phone"


class CodeStillUnused(Refusal):
    """No phone has used the code of this eSIM yet: install it on the new phone with that code."""

    code = "code-still-unused"


class NotOffered(Refusal):
    """The network behind this plan cannot do that."""

    code = "not-offered"


class NetworkNotInPlan(Refusal):
    """This plan does not offer that network there. Please choose one from the list."""

    code = "network-not-in-plan"
    status = 422


class LinkUsedUp(Refusal):
    """This link has been used or is too old. You can have another one sent to you."""

    code = "link-used-up"
    status = 410


class NotANumber(Refusal):
    """This cannot be a phone number. Please write it with its country code, such as +44."""

    code = "not-a-number"
    status = 422


class AlreadyKnown(Refusal):
    """We know who you are already. Nothing more is needed."""

    code = "already-known"


class NotYourOwn(Refusal):
    """Nobody decides about themselves. Please ask a colleague."""

    code = "not-your-own"


class NumberNotKept(Refusal):
    """There is no number on this eSIM that could be kept or taken along now."""

    code = "number-not-kept"


class NotAllowedByOperator(Refusal):
    """The operator's terms do not let us do this for you. You can do it yourself."""

    code = "not-allowed-by-operator"


class TermsMovedOn(Refusal):
    """The operator's terms have changed since you opened this page. Please read them again."""

    code = "terms-moved-on"
