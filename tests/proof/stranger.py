"""python stranger.py PAPER.json KEYS.json: all it takes to check a paper, without fairroam."""

import json
import sys
from pathlib import Path

from joserfc import jws
from joserfc.jwk import KeySet

document, keys = (json.loads(Path(path).read_bytes()) for path in sys.argv[1:])
trusted = KeySet.import_key_set(keys)
signed = jws.deserialize_compact(document["signature"], trusted, algorithms=["Ed25519"]).payload
readable = json.dumps(document["statement"], sort_keys=True, separators=(",", ":"), ensure_ascii=0)
sys.exit(0 if readable.encode() == signed else "CHANGED")
