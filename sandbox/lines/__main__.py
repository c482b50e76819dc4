"""Start the network stand-in: `python -m sandbox.lines --port 8423 --folder FOLDER --hook URL`.

`--hook` hears of every attach and use. Environment: SANDBOX_LINES_KEY is the operator's bearer
key, SANDBOX_USAGE_HOOK_SECRET signs what the hook hears.
"""

from __future__ import annotations

from sandbox.controls import add_hook_controls
from sandbox.hooks import Hooks
from sandbox.lines.network import SCHEMA, Network
from sandbox.lines.numbers import SCHEMA as NUMBERS
from sandbox.lines.numbers import Numbers, add_number_doors
from sandbox.lines.routes import add_operator_door, add_radio
from sandbox.serving import Service, argument_parser, secret
from sandbox.store import Store


def main() -> None:
    """Serve until SIGTERM."""
    options = argument_parser("Mobile network with phones of paper").parse_args()
    service = Service("lines", options.port, options.folder, bearer_key=secret("SANDBOX_LINES_KEY"))
    store = Store(options.folder / "lines.sqlite3", SCHEMA + NUMBERS)
    hooks = Hooks(store, url=options.hook, secret=secret("SANDBOX_USAGE_HOOK_SECRET").encode())
    network = Network(store, hooks, service.effects)
    add_radio(service, store, network)
    add_operator_door(service, store, network)
    add_number_doors(service, store, Numbers(store, network, service.effects))
    add_hook_controls(service, store, hooks)
    hooks.start()
    service.at_stop.append(hooks.stop)
    service.run()


if __name__ == "__main__":
    main()
