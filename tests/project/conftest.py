import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairroam.project.database import OWNER_ROLE, Cluster
from tests.project.given import ROOT


@pytest.fixture
def make_cluster() -> Iterator[Callable[..., Cluster]]:
    """Clusters that are stopped and deleted after the test."""
    made: list[Cluster] = []

    def make(folder: Path, **arguments: object) -> Cluster:
        cluster = Cluster(folder, durable=False, **arguments)
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        cluster.remove()


def migrate(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    return fairroam(cluster, ".venv/bin/fairroam", "migrate")


def fairroam(cluster: Cluster, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program of ours on `cluster`, as the app role unless `variables` say otherwise."""
    environment = {
        "DATABASE_URL": cluster.url(),
        "DATABASE_OWNER_URL": cluster.url(role=OWNER_ROLE),
        "DJANGO_SETTINGS_MODULE": "fairroam.project.settings",
        "FAIRROAM_ENVIRONMENT": "test",
    }
    return subprocess.run(
        command,
        env=os.environ | environment | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
