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
