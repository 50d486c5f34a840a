"""A study from its images to its pages where there is no network at all: a namespace with a loopback alone."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace

import pytest

NO_NETWORK = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def possible() -> bool:
    try:
        return subprocess.run([*NO_NETWORK, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.skipif(
    not possible(), reason="this system makes no network namespace (unshare and ip are needed)"
)
def test_a_study_runs_without_a_network(tiny, tmp_path):
    inside = tmp_path / "python"
    inside.write_text(f'#!/bin/sh\nexec {shlex.join([*NO_NETWORK, tiny.python])} "$@"\n')
    inside.chmod(0o755)
    alone = replace(tiny, python=str(inside), cache=tmp_path / "cache")
    run = alone.run(tmp_path / "run", "notebooks=[01_data_exploration]")
    assert (run / "01_data_exploration.html").exists() and (run / "summary.json").exists()


def test_there_is_no_network_inside():
    if not possible():
        pytest.skip("this system makes no network namespace")
    seen = subprocess.run([*NO_NETWORK, "ip", "-brief", "link"], capture_output=True, text=True).stdout
    assert [line.split()[0] for line in seen.splitlines()] == ["lo"]
