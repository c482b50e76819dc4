"""Write docs/export.schema.json anew: `python -m fairroam.project.export_schema`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django

SCHEMA = Path(__file__).resolve().parents[2] / "docs/export.schema.json"


def main() -> int:
    """What an export holds, from what every app declares."""
    django.setup()
    from fairroam.apps.closures.personal import EVERYTHING
    from fairroam.apps.exports.queries import schema

    SCHEMA.write_text(json.dumps(schema(EVERYTHING), indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
