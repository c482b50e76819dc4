"""What may be refused: a code for programs, facts for logs, a sentence for people."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """We cannot do that."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409  # the HTTP status a page or hook answers with

    def __init__(self, **facts: object) -> None:
        self.facts = facts  # ids, amounts and instants; never a secret or a name
        super().__init__(self.__doc__)


class KeyReused(Refusal):
    """This form was already sent with other content. Please open the page again."""

    code = "idempotency-mismatch"
    status = 422


class NotAmongYours(Refusal):
    """We cannot find that among your things."""

    code = "not-found"
    status = 404


class MovedMeanwhile(Refusal):
    """Somebody else was faster: this has moved on. Please look at its present state."""

    code = "already-decided"


class MoveNotAllowed(Refusal):
    """That is not possible in the present state."""

    code = "wrong-state"


class TooManyFromNetwork(Refusal):
    """Very much was sent from your network just now. Please send this again in ten minutes, or
    write to us by e-mail: that counts the same.
    """

    code = "too-many-from-network"
    status = 429


class TooManyWrongCodes(Refusal):
    """Too many wrong codes came from your network. Please wait an hour, then try again."""

    code = "too-many-wrong-codes"
    status = 429
