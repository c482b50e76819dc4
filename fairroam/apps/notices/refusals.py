"""What notices may refuse."""

from __future__ import annotations

from fairroam.apps.journal.refusals import Refusal


class NothingToSendAgain(Refusal):
    """This mail is under way or arrived; only one that failed or came back can be sent again."""

    code = "nothing-to-send-again"


class NobodyToWriteTo(Refusal):
    """We have no address for this any more: the account is closed."""

    code = "nobody-to-write-to"


class NoPushService(Refusal):
    """This is no address of a push service. Turn messages on once more in the browser itself."""

    code = "no-push-service"
    status = 422
