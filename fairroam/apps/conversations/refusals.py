"""What conversations refuse."""

from fairroam.apps.journal.refusals import Refusal


class NotAssigned(Refusal):
    """A colleague has taken this. Ask them, or a senior colleague, to hand it over."""

    code = "not-assigned"
    status = 403


class NothingSaid(Refusal):
    """Please write what it is about, or add a picture that shows it."""

    code = "nothing-said"
    status = 422


class TooManyMessages(Refusal):
    """That is more than we can read within an hour. What you sent before has arrived; please wait a while."""  # noqa: E501

    code = "too-many-messages"
    status = 429


class ThreadStillOpen(Refusal):
    """This conversation is not over yet. You can rate it once it is closed."""

    code = "thread-still-open"


class NoCustomer(Refusal):
    """Nobody's account belongs to this conversation yet. Ask for a mail from the address of the order."""  # noqa: E501

    code = "no-customer"


class AlreadyMarked(Refusal):
    """This message has been marked already. The case that it opened is in the queue of refunds."""

    code = "already-marked"
