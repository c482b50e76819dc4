"""Locks and guarded moves of lines and profiles. Who needs both locks the line first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from fairroam.apps.esims.models import FACTS, Line, LineAct, Profile
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MovedMeanwhile
from fairroam.rules import stages

# What a fact proves about the stage, however early or late it is told.
IMPLIED_MOVES = {
    "downloaded": ("download",),
    "installed": ("install",),
    "enabled": ("install",),
    "first_attach": ("install",),
    "first_usage": ("install",),
    "deleted": ("install", "delete"),
}


def lock_line(line_id: int) -> Line:
    """Lock the line until the transaction ends. Raises Line.DoesNotExist."""
    return Line.objects.select_for_update(no_key=True).get(pk=line_id)


def lock_profile(profile_id: int) -> Profile:
    """Lock the profile until the transaction ends; lock its line before, if both are needed."""
    return Profile.objects.select_for_update(no_key=True).get(pk=profile_id)


def lock_profiles(profile_ids: Collection[int]) -> dict[int, Profile]:
    """Lock many profiles, ids ascending."""
    rows = Profile.objects.select_for_update(no_key=True).filter(pk__in=profile_ids)
    return {profile.pk: profile for profile in rows.order_by("pk")}


def lock_latest_profile(line: Line) -> Profile:
    """Lock the profile that carries the line, or carried it last."""
    return (
        Profile.objects.select_for_update(no_key=True).filter(line=line).latest("planned_at", "pk")
    )


def move_line(line: Line, move: str, **changes: object) -> None:
    """Move on from the stage in which `line` was read. Raises MoveNotAllowed, MovedMeanwhile."""
    after = stages.next_stage(stages.LINE, line.stage, move)
    changes["is_live"] = None if after in stages.terminal(stages.LINE) else True
    journal.advance(line, after, **changes)


def move_act(act: LineAct, move: str, **changes: object) -> None:
    """Move on from the stage in which `act` was read. Raises as `move_line` does."""
    changes["is_live"] = None  # every move ends an act
    journal.advance(act, stages.next_stage(stages.LINE_ACT, act.stage, move), **changes)


def move_profile(profile: Profile, move: str, **changes: object) -> None:
    """Move on from the stage in which `profile` was read. Raises as `move_line` does."""
    _set_stage(profile, stages.next_stage(stages.PROFILE, profile.stage, move), **changes)


def follow_facts(profile: Profile) -> None:
    """Bring the stage to where the recorded facts have it; a stage without a way there stays.

    Depends on the facts alone and not on the order of their arrival.
    """
    stage = stage_after(profile.stage, set(profile.facts.values_list("kind", flat=True)))
    if stage != profile.stage:
        _set_stage(profile, stage)


def stage_after(stage: str, known: Collection[str]) -> str:
    """Where a profile at `stage` is by these kinds of facts."""
    for kind in FACTS:
        for move in IMPLIED_MOVES.get(kind, ()) if kind in known else ():
            stage = stages.PROFILE.get((stage, move), stage)
    return stage


def move_profiles(profiles: Iterable[Profile], known: Mapping[int, Collection[str]]) -> None:
    """Do as `follow_facts` for many locked profiles; known: kinds of facts by profile."""
    moved: dict[tuple[str, str], list[int]] = {}
    for profile in profiles:
        after = stage_after(profile.stage, known[profile.pk])
        if after != profile.stage:
            moved.setdefault((profile.stage, after), []).append(profile.pk)
    for (before, after), ids in moved.items():
        changes: dict[str, object] = {"stage": after}
        if after in stages.terminal(stages.PROFILE):
            changes["is_live"] = None
        if Profile.objects.filter(pk__in=ids, stage=before).update(**changes) != len(ids):
            raise MovedMeanwhile(profile_ids=ids, expected=before)


def _set_stage(profile: Profile, stage: str, **changes: object) -> None:
    if stage in stages.terminal(stages.PROFILE):
        changes["is_live"] = None
    journal.advance(profile, stage, **changes)
