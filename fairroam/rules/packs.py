"""Packs: the rules of one law or one promise, as data, compiled once into grounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct

from fairroam.rules import grounds
from fairroam.rules.facts import ACTIVATIONS, INSTANTS, Facts
from fairroam.rules.grounds import Case, Ground, Rule
from fairroam.rules.records import is_count
from fairroam.rules.refusals import BadPack
from fairroam.rules.shares import NOTHING, Measure, Share, read_share, used_share
from fairroam.rules.windows import Window

# What a pack may say about itself; a decision does not read it.
DESCRIPTIVE_KEYS = (
    "title",
    "sources",
    "reviewer",
    "effective_from",
    "effective_to",
    "applies_when",
)


class Pack(Struct, frozen=True, kw_only=True, eq=False):
    """One compiled pack. name: such as `eu-crd@1`. basis: agreed, list or by_cause."""

    name: str
    is_statutory: bool
    basis: str
    measure: Measure
    rounds_half_up: bool
    pay_within_days: int
    grounds: tuple[Ground, ...]

    def basis_of(self, facts: Facts) -> int:
        """The price of which used shares are kept, in minor units."""
        is_agreed = self.basis == "agreed" or (self.basis == "by_cause" and facts.cause == "trader")
        return facts.paid if is_agreed else facts.list_price

    def case(self, facts: Facts, seen: Case | None = None) -> Case:
        """The order line as this pack sees it; `seen` by another pack saves measuring twice."""
        if seen and seen.measure == self.measure:
            used, used_text = seen.used, seen.used_text
        else:
            used = used_share(facts, self.measure)
            used_text = str(used)
        basis = self.basis_of(facts)
        retained = used.half_up_of(basis) if self.rounds_half_up else used.floor_of(basis)
        return Case(facts, self.measure, used, used_text, min(retained, facts.paid))


Packs = tuple[Pack, ...]
Reader = Callable[[Any, str], Any]
_REQUIRED: Any = object()


def pack_names() -> tuple[str, ...]:
    """The packs that come with the program, such as `eu-crd@1`, in alphabetical order."""
    return tuple(sorted(_sources()))


def pack_source(name: str) -> dict[str, Any]:
    """The pack of that name as written, with its title and sources. Raises BadPack."""
    import tomllib

    if name not in _sources():
        raise BadPack(f"there is no pack {name!r}")
    return tomllib.loads(_sources()[name])


@cache
def _sources() -> dict[str, str]:
    from importlib.resources import files

    folder = files("fairroam.rules") / "packs"
    return {
        entry.name.removesuffix(".toml"): entry.read_text("utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }


def compile_packs(packs: Sequence[str | Mapping[str, Any]]) -> Packs:
    """Check and prepare packs, given by name or written out; their order breaks ties.

    Compile once and decide often. Raises BadPack.
    """
    if not isinstance(packs, list | tuple) or not packs:
        raise BadPack("needs a list with at least one pack")
    return tuple(_named(pack) if isinstance(pack, str) else _compile(pack) for pack in packs)


@cache
def _named(name: str) -> Pack:
    return _compile(pack_source(name))


def _compile(source: object) -> Pack:
    record = _record(source, "pack")
    described = {key: value for key, value in record.items() if key not in DESCRIPTIVE_KEYS}
    read = _read_fields(described, "pack", _PACK_FIELDS)
    return Pack(
        name=f"{read['pack']}@{read['version']}",
        is_statutory=read["statutory"],
        basis=read["basis"],
        measure=Measure(**_read_fields(read["measure"], "measure", _MEASURE_FIELDS)),
        rounds_half_up=read["retain_rounding"] == "half_up",
        pay_within_days=read["pay_within_days"],
        grounds=tuple(_compile_ground(ground, read["statutory"]) for ground in read["grounds"]),
    )


def _compile_ground(source: object, is_statutory: bool) -> Ground:
    fields = dict(_record(source, "ground"))
    name = fields.pop("ground", None)
    if type(name) is not str or name not in _GROUNDS:
        raise BadPack(f"there is no ground {name!r}")
    if "fee" in fields and (is_statutory or name == "goodwill"):
        raise BadPack(f"{name} takes no fee" + " in a statutory pack" * is_statutory)
    rule, readers = _GROUNDS[name]
    read = _read_fields(fields, name, readers | _COMMON_FIELDS)
    window, fee = read.pop("window"), read.pop("fee")
    if window is not None:
        window = _compile_window(window, is_noticed=read.get("consents", False))
    return Ground(name, rule(**read), window, fee)


def _compile_window(source: object, *, is_noticed: bool) -> Window:
    read = _read_fields(source, "window", _WINDOW_FIELDS)
    return Window(
        count=read["n"],
        unit=read["unit"],
        start=read["from"],
        rolls=read["roll"] == "working_day",
        # A window of hours knows no notice.
        needs_notice=is_noticed and read["unit"] != "hour",
    )


def _record(source: object, what: str) -> Mapping[str, Any]:
    if not isinstance(source, Mapping):
        raise BadPack(f"{what} must be an object")
    return source


def _read_fields(
    source: object, what: str, fields: Mapping[str, tuple[Reader, Any]]
) -> dict[str, Any]:
    """Read every field by its reader; what is absent takes its default."""
    record = _record(source, what)
    for key in record:
        if key not in fields:
            raise BadPack(f"{what} does not know {key!r}")
    read = {}
    for key, (reader, default) in fields.items():
        if key in record:
            read[key] = reader(record[key], key)
        elif default is _REQUIRED:
            raise BadPack(f"{what} needs {key!r}")
        else:
            read[key] = default
    return read


def _text(value: object, key: str) -> str:
    if type(value) is not str or not value:
        raise BadPack(f"{key} must be a text")
    return value


def _flag(value: object, key: str) -> bool:
    if type(value) is not bool:
        raise BadPack(f"{key} must be true or false")
    return value


def _count(value: object, key: str) -> int:
    if not is_count(value):
        raise BadPack(f"{key} must be a whole number, 0 or more")
    return value


def _positive(value: object, key: str) -> int:
    if not _count(value, key):
        raise BadPack(f"{key} must be 1 or more")
    return _count(value, key)


def _share(value: object, key: str) -> Share:
    share = read_share(value) if type(value) is str else None
    if share is None:
        raise BadPack(f"{key} must be a share from 0 to 1, written as a text")
    return share


def _positive_share(value: object, key: str) -> Share:
    share = _share(value, key)
    if not share.part:
        raise BadPack(f"{key} must be above 0")
    return share


def _list(value: object, key: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadPack(f"{key} must be a list")
    return value


def _one_of(*names: str) -> Reader:
    def read(value: object, key: str) -> str:
        if type(value) is not str or value not in names:
            raise BadPack(f"{key} must be one of {', '.join(names)}")
        return value

    return read


_PACK_FIELDS: dict[str, tuple[Reader, Any]] = {
    "pack": (_text, _REQUIRED),
    "version": (_positive, _REQUIRED),
    "statutory": (_flag, False),
    "basis": (_one_of("agreed", "list", "by_cause"), "agreed"),
    "measure": (_record, {}),
    "retain_rounding": (_one_of("floor", "half_up"), "floor"),
    "pay_within_days": (_count, 14),
    "split": (_one_of("proportional"), "proportional"),
    "grounds": (_list, _REQUIRED),
}
_MEASURE_FIELDS: dict[str, tuple[Reader, Any]] = {
    "by": (_one_of("weights", "largest", "time"), "weights"),
    "time_unit": (_one_of("second", "day"), "second"),
}
_WINDOW_FIELDS: dict[str, tuple[Reader, Any]] = {
    "n": (_positive, _REQUIRED),
    "unit": (_one_of("day", "business_day", "month", "hour"), _REQUIRED),
    "from": (_one_of(*INSTANTS), _REQUIRED),
    "roll": (_one_of("none", "working_day"), "none"),
}
_COMMON_FIELDS: dict[str, tuple[Reader, Any]] = {"window": (_record, None), "fee": (_count, 0)}
_ACTIVATION = (_one_of(*ACTIVATIONS), _REQUIRED)
_GROUNDS: dict[str, tuple[Callable[..., Rule], dict[str, tuple[Reader, Any]]]] = {
    "withdrawal": (
        grounds.withdrawal,
        {"consents": (_flag, True), "lost_when_performed": (_flag, True)},
    ),
    "unactivated": (grounds.unactivated, {"activation": _ACTIVATION}),
    "unused": (grounds.unused, {"activation": _ACTIVATION, "de_minimis": (_share, NOTHING)}),
    "unconsumed": (grounds.unconsumed, {}),
    "outage": (
        grounds.outage,
        {
            "min_seconds": (_count, 0),
            "unit": (_one_of("second", "day"), "second"),
            "day_seconds": (_positive, 21_600),
            "full_from": (_positive_share, None),
        },
    ),
    "unusable": (
        grounds.unusable,
        {
            "steps": (_count, 0),
            "cure_seconds": (_count, 0),
            "full_if_used_at_most": (_share, NOTHING),
        },
    ),
    "incompatible": (grounds.incompatible, {}),
    "goodwill": (grounds.goodwill, {"cap_share": (_share, _REQUIRED)}),
}
GROUND_NAMES = tuple(_GROUNDS)
