"""Start the profile stand-in: `python -m sandbox.profiles --port 8422 --folder FOLDER --hook URL`.

`--hook` is the whole address for handleDownloadProgressInfo. Environment: SANDBOX_LINES_URL is the
lines stand-in (without it phones find no network), SANDBOX_SMDP_ADDRESS the host name that
activation codes carry.

`--tls-folder` (see `sandbox.tls`) makes the operator's door ask for a certificate: ES2+ is then
answered on `--tls-port` alone, and the hook is shown ours. Phones and tests keep the plain port.
"""

from __future__ import annotations

import os
from pathlib import Path

from sandbox import tls
from sandbox.controls import add_hook_controls
from sandbox.hooks import Hooks
from sandbox.profiles.notices import ADMIN_PROTOCOL, Notices
from sandbox.profiles.orders import Orders
from sandbox.profiles.phone import Phone
from sandbox.profiles.routes import add_es2plus, add_phone, add_stock
from sandbox.profiles.shelf import SCHEMA, Shelf
from sandbox.serving import Service, argument_parser
from sandbox.store import Store


def main() -> None:
    """Serve until SIGTERM."""
    parser = argument_parser("Profile server (SM-DP+) and the phones of its customers")
    parser.add_argument("--tls-folder", type=Path, help="certificates for ES2+ over mutual TLS")
    parser.add_argument("--tls-port", type=int, default=8443, help="listen there with them")
    options = parser.parse_args()
    certificates: Path | None = options.tls_folder
    smdp_address = os.environ.get("SANDBOX_SMDP_ADDRESS") or "smdp.sandbox.example"
    service = Service("profiles", options.port, options.folder)
    if certificates:
        service.tls_door = (options.tls_port, tls.listening(certificates))
    store = Store(options.folder / "profiles.sqlite3", SCHEMA)
    hooks = Hooks(
        store,
        url=options.hook,
        secret=None,  # ES2+ knows both sides by their certificates.
        headers={"X-Admin-Protocol": ADMIN_PROTOCOL},
        accepted=(204,),
        tls=tls.calling(certificates) if certificates else None,
    )
    shelf = Shelf(store)
    add_es2plus(service, store, Orders(shelf, service.effects, smdp_address))
    add_stock(service, store, shelf)
    phone = Phone(
        store,
        shelf,
        Notices(hooks),
        service.effects,
        smdp_address=smdp_address,
        lines_url=os.environ.get("SANDBOX_LINES_URL", "").rstrip("/"),
    )
    add_phone(service, phone)
    add_hook_controls(service, store, hooks)
    hooks.start()
    service.at_stop.append(hooks.stop)
    service.run()


if __name__ == "__main__":
    main()
