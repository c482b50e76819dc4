"""`fairroam cast`: lets the demo's travellers live their stories, on the stand-ins.

The clock of a new demo begins months ago (`seed`). It is moved from scene to scene, and shows the
real time when the last one is over.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.db import connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from fairroam.clock import moved_by
from fairroam.web.demo.control import set_clock
from fairroam.web.demo.stories import SCENES, Scene, wait_for

AT_ONCE = 4


def main(arguments: list[str]) -> int:
    """Play every scene that was not played before."""
    note = Path(settings.FAIRROAM_FOLDER) / "played.json"
    played: set[str] = set(json.loads(note.read_text())) if note.exists() else set()
    todo = [scene for scene in SCENES if scene.name not in played]
    for days_ago, scenes in groupby(todo, key=lambda scene: scene.days_ago):
        moment = timedelta(days=-days_ago)
        if moved_by() < moment:  # Only a new demo: nobody's clock goes back.
            set_clock(moment)
        play_together(list(scenes))
        wait_for(is_quiet, "the worker")  # so that what follows is dated by its own scene
    note.write_text(json.dumps(sorted(played | {scene.name for scene in SCENES})))
    app.configure_task("catch_up").defer()
    return 0


def play_together(scenes: Sequence[Scene]) -> None:
    """Play scenes of different travellers side by side. Raises what one of them raises."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for scene, _ in zip(scenes, pool.map(play, scenes), strict=True):
            sys.stdout.write(f"{scene.name}\n")


def is_quiet() -> bool:
    """Whether the worker has begun all there is, but for what it tries again later."""
    return not ProcrastinateJob.objects.filter(status__in=("todo", "doing"), attempts=0).exists()


def play(scene: Scene) -> None:
    try:
        scene.act()
    finally:
        connections.close_all()
