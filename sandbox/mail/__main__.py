"""Start the mail stand-in: `python -m sandbox.mail --port 8025 --smtp-port 1025 --folder FOLDER`.

Mail clients send to the SMTP port, people and tests read at the other one. There is no key.
"""

from __future__ import annotations

from aiosmtpd.controller import Controller

from sandbox.mail.box import SCHEMA, MailBox
from sandbox.mail.routes import add_messages, add_pages
from sandbox.mail.smtp import Door
from sandbox.serving import Service, argument_parser
from sandbox.store import Store

MAIL_BYTES_MAX = 30_000_000


def main() -> None:
    """Serve until SIGTERM."""
    parser = argument_parser("Mail server that keeps and shows whatever it is sent")
    parser.add_argument("--smtp-port", type=int, required=True, help="take mails here")
    options = parser.parse_args()
    service = Service("mail", options.port, options.folder)
    box = MailBox(Store(options.folder / "mail.sqlite3", SCHEMA), service.effects)
    add_messages(service, box)
    add_pages(service, box)
    smtp = Controller(
        Door(box, service.faults),
        hostname="127.0.0.1",
        port=options.smtp_port,
        enable_SMTPUTF8=True,
        data_size_limit=MAIL_BYTES_MAX,
    )
    smtp.start()
    service.at_stop.append(smtp.stop)
    service.run()


if __name__ == "__main__":
    main()
