"""What the engine refuses to answer: a code, the field that is wrong, a message."""

from __future__ import annotations


class Refused(ValueError):
    """No decision can be made.

    code: stable, for programs. field: the fact's name, or `pack`, or `json`.
    message: English, for whoever gathers the facts; never shown to customers.
    due: minor units still due, when that is the reason of the refusal.
    """

    code = "REFUSED"

    def __init__(self, field: str, message: str, due: int | None = None) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.due = due

    def as_json(self) -> dict[str, str | int | None]:
        """The line that stands where the decision would have stood."""
        return {
            "error": self.code,
            "field": self.field,
            "message": self.message,
            "due": self.due,
        }


class BadFacts(Refused):
    """A fact is missing, wrong in form, or contradicts another."""

    code = "BAD_FACTS"


class BadPack(Refused):
    """A pack is unknown or not written as packs are."""

    code = "BAD_PACK"

    def __init__(self, message: str) -> None:
        super().__init__("pack", message)


class BadJson(Refused):
    """A line is not one JSON object with each key once."""

    code = "BAD_JSON"

    def __init__(self, message: str) -> None:
        super().__init__("json", message)


class AskedTooMuch(Refused):
    """More was asked for than is due; `due` says how much can be asked for."""

    code = "ASKED_TOO_MUCH"

    def __init__(self, due: int) -> None:
        super().__init__("asked", f"more than the {due} minor units that are due", due)
