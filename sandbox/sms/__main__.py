"""Start the text message stand-in: `python -m sandbox.sms --port 8426 --folder FOLDER`.

Environment: SANDBOX_SMS_KEY is the bearer key that clients need. The effect log says which
messages went to which numbers; a number that ends in 0000 cannot be reached.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID, uuid4

from msgspec import Meta, Struct

from sandbox.controls import read
from sandbox.serving import Answer, Problem, Request, Service, argument_parser, json_answer, secret
from sandbox.store import Store

UNREACHABLE = "0000"


class NewMessage(Struct, forbid_unknown_fields=True):
    """What is to be sent; `reference` is the sender's own name for it."""

    reference: UUID
    to: Annotated[str, Meta(pattern=r"^\+[1-9][0-9]{6,14}$")]
    text: Annotated[str, Meta(min_length=1, max_length=640)]


def add_api(service: Service, store: Store) -> None:
    """Add what senders call with their key."""

    @service.route("POST", "/v1/messages", call="send_message")
    def send(request: Request) -> Answer:
        asked = read(request, NewMessage)
        return store.answer_once(request, lambda: json_answer(sent(service, asked), 201))


def sent(service: Service, asked: NewMessage) -> dict[str, Any]:
    """Send it: the effect log is the phone. Raises Problem (422 `unreachable_number`)."""
    if asked.to.endswith(UNREACHABLE):
        raise Problem(422, "unreachable_number")
    told = {"id": f"sms_{uuid4().hex}", "reference": str(asked.reference)}
    service.effects.append("message_sent", to=asked.to, text=asked.text, **told)
    return told


def main() -> None:
    """Serve until SIGTERM."""
    options = argument_parser("Text messages that end here").parse_args()
    service = Service("sms", options.port, options.folder, bearer_key=secret("SANDBOX_SMS_KEY"))
    add_api(service, Store(options.folder / "sms.sqlite3", ""))
    service.run()


if __name__ == "__main__":
    main()
