"""The `fairroam` command: a word, then what that word takes. `fairroam help` lists them."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

# Words that need no Django: where their `main(arguments) -> exit code` lives.
PLAIN = {
    "decide": "fairroam.project.decide:main",
    "verify": "fairroam.project.verify:main",
    "demo": "fairroam.project.serve:demo",
    "run": "fairroam.project.serve:run",
}
# Words of ours that need Django set up.
OURS = {
    "worker": "fairroam.worker.main:main",
    "seed": "fairroam.web.demo.seed:main",
    "cast": "fairroam.web.demo.cast:main",
    "mail-door": "fairroam.web.mail.door:main",
    "books": "fairroam.worker.books:main",
    "migrate": "fairroam.project.migrate:main",
    "backup": "fairroam.project.backup:backup",
    "restore": "fairroam.project.backup:restore",
    "furnish": "fairroam.project.furnish:furnish",
    "hire": "fairroam.project.furnish:hire",
    "keys": "fairroam.project.keys:main",
    "import-usage": "fairroam.project.import_usage:main",
    "import-catalogue": "fairroam.project.import_catalogue:main",
}
GUARDED = {"worker", "mail-door"}  # started only when nothing speaks against it
WITHOUT_OPTIONS = {"worker", "seed", "cast", "books"}  # words that take no options
AS_OWNER = {"migrate", "makemigrations", "createcachetable"}
HELP = """fairroam decide [FILE]   decide refund cases, a JSON object a line (--explain for people)
fairroam verify FILE     check a certificate, receipt or decision, offline
fairroam demo            the whole service with demo data, on this machine
fairroam run             the service with the settings of the environment
fairroam mail-door       take mail in from the mail server beside us, by LMTP
fairroam books           ask every app what contradicts the books
fairroam backup FOLDER   the database and customers' files, with a manifest of hashes
fairroam restore FOLDER  bring a backup back, migrate it and check its books
fairroam furnish FILE    what a shop sells, and who sells it
fairroam hire ADDRESS    let somebody stand at the desk
fairroam keys            the signing keys: list, rotate, revoke
fairroam import-usage FILE         count the usage records of a CSV file
fairroam import-catalogue FILE...  take in coverage, operators, devices and tax rates
fairroam migrate         bring the database to this version
Any other word goes to Django's management commands.
"""
NO_DATABASE = (
    "This command needs the database of a service. Start the service, and name its folder in"
    " FAIRROAM_FOLDER (the demo's is .fairroam/demo), or name your own server in DATABASE_URL."
)


def call(target: str, arguments: list[str]) -> int:
    module, function = target.split(":")
    return int(getattr(import_module(module), function)(arguments))


def find_own_service(word: str) -> None:
    """Let a command beside `fairroam run` find its database and secret, as that makes them.

    What the environment says counts. No database is made or started here.
    """
    folder = Path(os.environ.get("FAIRROAM_FOLDER", ".fairroam"))
    secret = folder / "secrets" / "secret_key"
    if "DATABASE_URL" in os.environ or not (folder / "database" / "passwords").exists():
        return
    from fairroam.project.database import OWNER_ROLE, Cluster

    cluster = Cluster(folder / "database")
    os.environ["DATABASE_URL"] = cluster.url()
    if word in AS_OWNER:
        os.environ.setdefault("DATABASE_OWNER_URL", cluster.url(role=OWNER_ROLE))
    if secret.exists():
        os.environ.setdefault("FAIRROAM_SECRET_KEY", secret.read_text())


def serve_with_django(word: str, arguments: list[str]) -> int:
    """Do a word of ours. What only the operator can mend is said without a traceback."""
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError
    from django.db import OperationalError, connection

    try:
        django.setup()
        if word in GUARDED:
            from fairroam.project.boot import refuse_unsound_start

            refuse_unsound_start()
        return call(OURS[word], arguments)
    except (ImproperlyConfigured, CommandError) as error:
        sys.stderr.write(f"{error}\n")
    except OperationalError as error:
        if connection.connection is not None:  # it answered: what it said is another matter
            raise
        sys.stderr.write(f"{error}\n{NO_DATABASE}\n")
    return 1


def main() -> None:
    """Entry point of the console script; exits with the word's code."""
    word, *arguments = sys.argv[1:] or ["help"]
    if word in ("help", "--help", "-h"):
        sys.stdout.write(HELP)
        raise SystemExit(0)
    if word in WITHOUT_OPTIONS and arguments:
        sys.stdout.write(f"fairroam {word} takes no options\n")
        raise SystemExit(0 if arguments == ["--help"] else 2)
    if word in PLAIN:
        raise SystemExit(call(PLAIN[word], arguments))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fairroam.project.settings")
    find_own_service(word)
    if word in AS_OWNER and os.environ.get("DATABASE_OWNER_URL"):
        os.environ["DATABASE_URL"] = os.environ["DATABASE_OWNER_URL"]
    if word in OURS:
        raise SystemExit(serve_with_django(word, arguments))
    from django.core.management import execute_from_command_line

    execute_from_command_line(["fairroam", word, *arguments])
