"""`fairroam import-catalogue FILE...`: dated tables of the catalogue."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fairroam import clock
from fairroam.apps.catalogue import operations
from fairroam.apps.catalogue.refusals import TablesRefused


def main(arguments: list[str]) -> int:
    """Take in all files or none; 1, with every bad row, when one cannot be taken."""
    parser = argparse.ArgumentParser(prog="fairroam import-catalogue", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".csv or .toml")
    paths: list[Path] = parser.parse_args(arguments).files
    try:
        files = {str(path): path.read_bytes() for path in paths}
        outcomes = operations.import_tables(files, today=clock.now().date())
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 1
    except TablesRefused as refusal:
        sys.stderr.write("".join(f"{row}\n" for row in refusal.bad_rows))
        sys.stderr.write(f"{refusal}\n")
        return 1
    for table, outcome in outcomes.items():
        sys.stdout.write(
            f"{table:<13} {outcome.added} added, {outcome.corrected} corrected,"
            f" {outcome.known} known before\n"
        )
    return 0
