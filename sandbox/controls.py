"""What tests turn at every stand-in that sends events: hold them, copy them, deliver by hand."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from sandbox.hooks import Hooks
from sandbox.serving import Answer, Problem, Request, Service, json_answer
from sandbox.store import Store

Asked = TypeVar("Asked", bound=msgspec.Struct)


class HookSettings(msgspec.Struct, forbid_unknown_fields=True):
    """How events are delivered from now on; see `Hooks`."""

    hooks_held: bool = False
    hook_copies: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1


class Delivery(msgspec.Struct, forbid_unknown_fields=True):
    """Send these events, in this order; one may be named twice."""

    events: list[str]


def read(request: Request, asked: type[Asked]) -> Asked:
    """Return the body as `asked`. Raises Problem (422 `invalid_request`)."""
    try:
        return msgspec.json.decode(request.body, type=asked)
    except msgspec.DecodeError as error:
        raise Problem(422, "invalid_request", detail=str(error)) from error


def add_hook_controls(service: Service, store: Store, hooks: Hooks) -> None:
    """Add `POST /_settings`, `GET /_events` and `POST /_deliveries`."""

    @service.route("POST", "/_settings", is_open=True)
    def change_settings(request: Request) -> Answer:
        wanted = msgspec.to_builtins(read(request, HookSettings))
        with store.act():
            for name, value in wanted.items():
                store.set(name, value)
        return json_answer(wanted)

    add_event_controls(service, store, hooks)


def add_event_controls(service: Service, store: Store, hooks: Hooks) -> None:
    """Add `GET /_events` and `POST /_deliveries`."""

    @service.route("GET", "/_events", is_open=True)
    def events(request: Request) -> Answer:
        with store.act():
            return json_answer({"events": hooks.events()})

    @service.route("POST", "/_deliveries", is_open=True)
    def deliver(request: Request) -> Answer:
        return json_answer({"statuses": hooks.deliver_by_hand(read(request, Delivery).events)})
