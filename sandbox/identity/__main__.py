"""Start the identity stand-in: `python -m sandbox.identity --port 8424 --folder FOLDER`.

Environment: SANDBOX_IDENTITY_KEY is the bearer key that clients need,
SANDBOX_IDENTITY_HOOK_SECRET signs the events.
"""

from __future__ import annotations

from sandbox.controls import add_hook_controls
from sandbox.hooks import Hooks
from sandbox.identity.checks import SCHEMA, Checks
from sandbox.identity.routes import add_api, add_check_page
from sandbox.serving import Service, argument_parser, secret
from sandbox.store import Store


def main() -> None:
    """Serve until SIGTERM."""
    options = argument_parser("Identity provider for persons of paper").parse_args()
    key = secret("SANDBOX_IDENTITY_KEY")
    service = Service("identity", options.port, options.folder, bearer_key=key)
    store = Store(options.folder / "identity.sqlite3", SCHEMA)
    hook_secret = secret("SANDBOX_IDENTITY_HOOK_SECRET").encode()
    hooks = Hooks(store, url=options.hook, secret=hook_secret)
    checks = Checks(store, hooks, service.effects, f"http://127.0.0.1:{options.port}")
    add_api(service, store, checks)
    add_check_page(service, store, checks)
    add_hook_controls(service, store, hooks)
    hooks.start()
    service.at_stop.append(hooks.stop)
    service.run()


if __name__ == "__main__":
    main()
