"""`fairroam demo` and `fairroam run`: everything that the service needs, as one command."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from fairroam.project.child import kept_secret
from fairroam.project.database import OWNER_ROLE, Cluster, DatabaseUnusable
from fairroam.project.ports import kept_port
from fairroam.project.supervisor import (
    Service,
    StartFailed,
    Step,
    Supervisor,
    answers,
    refuse_taken,
)

BIN = Path(sys.executable).parent
PROFILES_HOOK = "/hooks/profiles/gsma/rsp2/es2plus/handleDownloadProgressInfo"
PAYPAL_WEBHOOK = "WEBHOOKOFTHESHOP"  # as the stand-in signs
# What a port is for, and the one we would like; taken ones are replaced by free ones.
DEMO_PORTS = {
    "web": 8000,
    "mail": 8025,
    "smtp": 8026,
    "payments": 8421,
    "profiles": 8422,
    "lines": 8423,
    "suppliers": 8425,
    "identity": 8424,
    "sms": 8426,
    "lmtp": 8427,
    "push": 8428,
}
Environment = Mapping[str, str]


def demo(arguments: list[str]) -> int:
    """Run the whole service with demo data and stand-ins until Ctrl-C. Returns the exit code.

    State (data, secrets, ports, logs) stays in `.fairroam/demo` of the folder we are in.
    """
    parser = argparse.ArgumentParser("fairroam demo", description=demo.__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".fairroam/demo"), help="keep all here")
    folder: Path = parser.parse_args(arguments).folder.resolve()

    def parts() -> list[Service | Step]:
        ports = keepers.enter_context(kept_ports(folder))
        cluster = Cluster(folder / "database")
        environment = demo_environment(folder, cluster, ports)
        return [
            database(cluster),
            migration(environment),
            Step(
                name="seed",
                command=[str(BIN / "fairroam"), "seed"],
                environment=environment,
                doing="Filling in the demo data (the first time takes longest)",
            ),
            *stand_ins(folder, environment, ports),
            *programs(environment, "127.0.0.1", ports["web"]),
            *mail_door(environment, ports["lmtp"]),
            Step(
                name="cast",
                command=[str(BIN / "fairroam"), "cast"],
                environment=environment,
                doing="Letting the cast of the demo buy, travel and ask for money back",
            ),
        ]

    with ExitStack() as keepers:
        return supervise(parts, folder, when_ready=lambda: say(welcome(folder)))


def run(arguments: list[str]) -> int:
    """Run the service until Ctrl-C or SIGTERM, with the settings of the environment.

    Without DATABASE_URL the database is our own, in FAIRROAM_FOLDER/database. With it,
    migrations need DATABASE_OWNER_URL; without that, `fairroam migrate` is left to you.
    """
    parser = argparse.ArgumentParser("fairroam run", description=run.__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="listen on this address")
    parser.add_argument("--port", type=port_number, default=8000)
    parser.add_argument(
        "--profiles-port",
        type=port_number,
        default=8445,
        help="profile servers that show a certificate call here, if we have one for it",
    )
    parser.add_argument(
        "--profiles-host",
        help="where that door listens, as no proxy stands before it; where nothing is said, --host",
    )
    parser.add_argument(
        "--mail-port",
        type=port_number,
        default=0,
        help="a mail server on this machine hands our mail over here, by LMTP; 0: no such door",
    )
    options = parser.parse_args(arguments)
    folder = Path(os.environ.get("FAIRROAM_FOLDER", ".fairroam")).resolve()

    def parts() -> list[Service | Step]:
        refuse_taken(options.host, options.port, "--port")
        environment = {
            "FAIRROAM_FOLDER": str(folder),
            "FAIRROAM_SECRET_KEY": os.environ.get("FAIRROAM_SECRET_KEY")
            or kept_secret(folder / "secrets" / "secret_key"),
        }
        found: list[Service | Step] = []
        if not os.environ.get("DATABASE_URL"):
            cluster = Cluster(folder / "database")
            environment |= database_addresses(cluster)
            found.append(database(cluster))
        if {"DATABASE_OWNER_URL"} & (environment.keys() | os.environ.keys()):
            found.append(migration(environment))
        found += programs(environment, options.host, options.port)
        found += mail_door(environment, options.mail_port)
        profiles_host = options.profiles_host or options.host
        return [*found, *profiles_door(environment, profiles_host, options.profiles_port)]

    ready = f"fairroam listens on http://{options.host}:{options.port}"
    return supervise(parts, folder, when_ready=lambda: say(ready))


def supervise(
    parts: Callable[[], list[Service | Step]], folder: Path, when_ready: Callable[[], None]
) -> int:
    """Run `parts` with their state in `folder`, unless somebody does that already."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "run.lock").touch()
    except OSError as error:
        say(f"The state cannot be kept in {folder}: {error.strerror}.")
        return 1
    with only_one(folder) as is_first:
        if not is_first:
            say(f"It already runs with its state in {folder}: stop that one first.")
            return 1
        try:
            return Supervisor(parts(), folder=folder, say=say, when_ready=when_ready).run()
        except (DatabaseUnusable, StartFailed) as refusal:
            say(str(refusal))
            return 1


@contextmanager
def only_one(folder: Path) -> Iterator[bool]:
    with (folder / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def port_number(text: str) -> int:
    port = int(text)
    if not 0 <= port < 1 << 16:
        raise ValueError(text)  # the parser names the option and what was written
    return port


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


# The parts ------------------------------------------------------------------------------------


def database(cluster: Cluster) -> Service:
    return Service(
        name="database",
        command=[sys.executable, "-m", "fairroam.project.database", str(cluster.folder)],
        doing="Starting the database",
        ready=cluster.is_ready,
        ready_seconds_max=600,  # after a crash of the machine it may have a lot to replay
    )


def database_addresses(cluster: Cluster) -> dict[str, str]:
    return {"DATABASE_URL": cluster.url(), "DATABASE_OWNER_URL": cluster.url(role=OWNER_ROLE)}


def migration(environment: Environment) -> Step:
    return Step(
        name="migrate",
        command=[str(BIN / "fairroam"), "migrate"],
        environment=environment,
        doing="Bringing its tables and rights to this version",
    )


def programs(environment: Environment, host: str, port: int) -> list[Service]:
    """Return the two programs of ours: what answers, and what follows."""
    return [
        Service(
            name="web",
            command=web_server(host, port, threads=24),
            environment=environment,
            doing="Starting the pages and the worker",
            ready=partial(answers, f"http://{host}:{port}/livez"),
        ),
        Service(name="worker", command=[str(BIN / "fairroam"), "worker"], environment=environment),
    ]


def mail_door(environment: Environment, port: int) -> list[Service]:
    """Return the door for mail, which only this machine reaches; none for port 0."""
    if not port:
        return []
    refuse_taken("127.0.0.1", port, "--mail-port")
    return [
        Service(
            name="mail-door",
            command=[str(BIN / "fairroam"), "mail-door", "--port", str(port)],
            environment=environment,
            ready=partial(listens, "127.0.0.1", port),
        )
    ]


def profiles_door(environment: Environment, host: str, port: int) -> list[Service]:
    """Return the door for profile servers that show a certificate, if we have one to show."""
    certificate = os.environ.get("FAIRROAM_PROFILES_DOOR_CERTIFICATE")
    if not certificate:
        return []
    refuse_taken(host, port, "--profiles-port")
    key = os.environ.get("FAIRROAM_PROFILES_DOOR_KEY_FILE") or certificate
    ca = os.environ.get("FAIRROAM_PROFILES_CA", "")
    tls = ["--ssl-certificate", certificate, "--ssl-keyfile", key, "--ssl-ca", ca]
    tls += ["--ssl-client-verify", "--ssl-protocol-min", "tls1.2"]  # SGP.22 asks for 1.2 or newer
    return [
        Service(
            name="profiles-door",
            command=[*web_server(host, port, threads=4), "--http", "1", *tls],
            environment={**environment, "FAIRROAM_DOORS": "profiles"},
            ready=partial(listens, host, port),
        )
    ]


def web_server(host: str, port: int, *, threads: int) -> list[str]:
    command = [str(BIN / "granian"), "--interface", "wsgi", "--host", host, "--port", str(port)]
    command += ["--workers", "1", "--blocking-threads", str(threads)]
    return [*command, "--workers-kill-timeout", "25", "fairroam.project.wsgi:application"]


def listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


# The demo -------------------------------------------------------------------------------------


@contextmanager
def kept_ports(folder: Path) -> Iterator[dict[str, int]]:
    """Keep the ports of last time, since addresses went into mails; taken ones are replaced."""
    file = folder / "ports.json"
    wanted = DEMO_PORTS | (json.loads(file.read_text()) if file.exists() else {})
    with ExitStack() as keepers:
        ports = {name: keepers.enter_context(kept_port(port)) for name, port in wanted.items()}
        file.write_text(json.dumps(ports))
        yield ports


def demo_environment(folder: Path, cluster: Cluster, ports: Mapping[str, int]) -> dict[str, str]:
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}

    def secret(name: str) -> str:
        return kept_secret(folder / "secrets" / name)

    return database_addresses(cluster) | {
        "FAIRROAM_ENVIRONMENT": "demo",
        "FAIRROAM_ADDRESS": urls["web"],
        "FAIRROAM_FOLDER": str(folder),
        "FAIRROAM_SECRET_KEY": secret("secret_key"),
        "FAIRROAM_PAYMENTS_URL": urls["payments"],
        "FAIRROAM_PAYMENTS_KEY": secret("payments_key"),
        "FAIRROAM_PAYMENTS_HOOK_SECRET": secret("payments_hook"),
        "FAIRROAM_STRIPE_KEY": secret("payments_key"),
        "FAIRROAM_STRIPE_URL": f"{urls['payments']}/stripe",
        "FAIRROAM_STRIPE_HOOK_SECRETS": secret("payments_hook"),
        "FAIRROAM_PAYPAL_CLIENT": "demo",
        "FAIRROAM_PAYPAL_SECRET": secret("payments_key"),
        "FAIRROAM_PAYPAL_WEBHOOK": PAYPAL_WEBHOOK,
        "FAIRROAM_PAYPAL_URL": f"{urls['payments']}/paypal",
        "FAIRROAM_BANK_IBAN": "DE89370400440532013000",  # the usual example, nobody's
        "FAIRROAM_PROFILES_URL": urls["profiles"],
        "FAIRROAM_PROFILES_REQUESTER": "fairroam",
        "FAIRROAM_LINES_URL": urls["lines"],
        "FAIRROAM_LINES_KEY": secret("lines_key"),
        "FAIRROAM_USAGE_HOOK_SECRET": secret("usage_hook"),
        "FAIRROAM_IDENTITY_URL": urls["identity"],
        "FAIRROAM_IDENTITY_KEY": secret("identity_key"),
        "FAIRROAM_IDENTITY_HOOK_SECRET": secret("identity_hook"),
        "FAIRROAM_SMS_URL": urls["sms"],
        "FAIRROAM_SMS_KEY": secret("sms_key"),
        "FAIRROAM_SUPPLIERS_ACCESS_URL": f"{urls['suppliers']}/access",
        "FAIRROAM_SUPPLIERS_ACCESS_KEY": secret("suppliers_key"),
        "FAIRROAM_SUPPLIERS_AIRALO_URL": f"{urls['suppliers']}/airalo/v2",
        "FAIRROAM_SUPPLIERS_AIRALO_CLIENT": secret("suppliers_key"),
        "FAIRROAM_SUPPLIERS_AIRALO_SECRET": secret("suppliers_hook"),
        "FAIRROAM_SMTP_HOST": "127.0.0.1",
        "FAIRROAM_SMTP_PORT": str(ports["smtp"]),
        "FAIRROAM_MAIL_READER_URL": urls["mail"],
        "FAIRROAM_PUSH_READER_URL": urls["push"],
    }


def stand_ins(folder: Path, environment: Environment, ports: Mapping[str, int]) -> list[Service]:
    """Return the outside world: bank, profile server with a phone, network, suppliers, mail."""
    ours = environment["FAIRROAM_ADDRESS"]
    secrets = {
        "SANDBOX_CLOCK": str(folder / "clock"),  # theirs moves with ours
        "SANDBOX_PAYMENTS_KEY": environment["FAIRROAM_PAYMENTS_KEY"],
        "SANDBOX_PAYMENTS_HOOK_SECRET": environment["FAIRROAM_PAYMENTS_HOOK_SECRET"],
        "SANDBOX_LINES_URL": environment["FAIRROAM_LINES_URL"],
        "SANDBOX_LINES_KEY": environment["FAIRROAM_LINES_KEY"],
        "SANDBOX_USAGE_HOOK_SECRET": environment["FAIRROAM_USAGE_HOOK_SECRET"],
        "SANDBOX_SUPPLIERS_KEY": environment["FAIRROAM_SUPPLIERS_ACCESS_KEY"],
        "SANDBOX_SUPPLIERS_HOOK_SECRET": environment["FAIRROAM_SUPPLIERS_AIRALO_SECRET"],
        "SANDBOX_IDENTITY_KEY": environment["FAIRROAM_IDENTITY_KEY"],
        "SANDBOX_IDENTITY_HOOK_SECRET": environment["FAIRROAM_IDENTITY_HOOK_SECRET"],
        "SANDBOX_SMS_KEY": environment["FAIRROAM_SMS_KEY"],
    }
    more = {
        "payments": [
            *("--hook", f"{ours}/hooks/payments/sandbox"),
            *("--stripe-hook", f"{ours}/hooks/payments/stripe"),
            *("--paypal-hook", f"{ours}/hooks/payments/paypal"),
        ],
        "lines": ["--hook", f"{ours}/hooks/usage/sandbox"],
        "profiles": ["--hook", ours + PROFILES_HOOK],
        "identity": ["--hook", f"{ours}/hooks/identity"],
        "suppliers": ["--hook", f"{ours}/hooks/suppliers/esim_access"],
        "sms": [],
        "push": [],
        "mail": ["--smtp-port", str(ports["smtp"])],
    }
    return [
        Service(
            name=name,
            command=[
                *(sys.executable, "-m", f"sandbox.{name}", "--port", str(ports[name])),
                *("--folder", str(folder / "sandbox" / name), *arguments),
            ],
            environment=secrets,
            doing="Starting bank, network, profile server and mail" if name == "payments" else "",
            ready=partial(answers, f"http://127.0.0.1:{ports[name]}/_effects"),
        )
        for name, arguments in more.items()
    ]


def welcome(folder: Path) -> str:
    ports = json.loads((folder / "ports.json").read_text())
    web = f"http://127.0.0.1:{ports['web']}"
    cast = (folder / "logs" / "seed.log").read_text().strip("\n")
    return f"""
fairroam is ready. All money in it is play money.

  Shop         {web}/
  Desk         {web}/desk/
  Mails        http://127.0.0.1:{ports["mail"]}/   (sign-in codes arrive here)
  A phone      http://127.0.0.1:{ports["profiles"]}/   (scan a code, go abroad, use data)

{cast}

Logs are in {folder / "logs"}. Ctrl-C stops everything; nothing is lost.
"""
