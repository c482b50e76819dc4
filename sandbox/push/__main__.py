"""Start the push stand-in: `python -m sandbox.push --port 8428 --folder FOLDER`.

A browser's address here is `/devices/NAME`; one whose name ends in "gone" answers 410. The effect
log holds each message as it came: encrypted, with its headers. Phones of its own read theirs, see
`phones`.
"""

from __future__ import annotations

from base64 import b64encode

from sandbox.push.phones import add_phones
from sandbox.serving import Answer, Problem, Request, Service, argument_parser, json_answer

KEPT_HEADERS = ("TTL", "Topic", "Content-Encoding", "Authorization")


def add_api(service: Service) -> None:
    """Add what applications call (RFC 8030, section 5)."""

    @service.route("POST", "/devices/{name}", call="push")
    def push(request: Request) -> Answer:
        if request.parts["name"].endswith("gone"):
            raise Problem(410, "gone")
        if request.headers.get("Content-Encoding") != "aes128gcm":
            raise Problem(400, "not_encrypted")
        told = {name.lower(): request.headers.get(name, "") for name in KEPT_HEADERS}
        body = b64encode(request.body).decode()
        service.effects.append("pushed", device=request.parts["name"], body=body, headers=told)
        return json_answer({}, 201)


def main() -> None:
    """Serve until SIGTERM."""
    options = argument_parser("Push messages that end here").parse_args()
    service = Service("push", options.port, options.folder)
    add_api(service)
    add_phones(service)
    service.run()


if __name__ == "__main__":
    main()
