"""What is right: refunds decided from facts and packs. Pure: no clock, no database, no network."""

from fairroam.rules.answers import answer
from fairroam.rules.balances import balance
from fairroam.rules.decision import Decision, decide, load_tables
from fairroam.rules.packs import Packs, compile_packs, pack_names, pack_source
from fairroam.rules.receipt import Line, explain
from fairroam.rules.refusals import AskedTooMuch, BadFacts, BadJson, BadPack, Refused

__all__ = [
    "AskedTooMuch",
    "BadFacts",
    "BadJson",
    "BadPack",
    "Decision",
    "Line",
    "Packs",
    "Refused",
    "answer",
    "balance",
    "compile_packs",
    "decide",
    "explain",
    "load_tables",
    "pack_names",
    "pack_source",
]
