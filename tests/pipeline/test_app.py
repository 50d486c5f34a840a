"""The app is refused where it could not work, and its settings let nothing in or out."""

from __future__ import annotations

import shutil
import socket

import pytest

from bcd_utils.pipeline import app
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError


@pytest.mark.slow
def test_without_voila_the_command_that_installs_it_is_told(finished, monkeypatch):
    monkeypatch.setattr(app, "find_spec", lambda name: None)
    with pytest.raises(StudyError, match="needs Voila") as raised:
        app.check(Run.open(finished), "127.0.0.1", 8866)
    assert raised.value.fix == "pip install 'voila>=0.5'"


@pytest.mark.slow
def test_a_run_that_lacks_something_and_a_taken_port_are_told(finished, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "run")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StudyError, match=f"127.0.0.1, port {port}, cannot be used") as raised:
            app.check(Run.open(copy), "127.0.0.1", port)
    assert f"--port {port + 1}" in raised.value.fix
    app.check(Run.open(copy), "127.0.0.1", port)
    (copy / "artifacts" / "average_features.npy").unlink()
    with pytest.raises(StudyError, match=r"average_features\.npy is missing"):
        app.check(Run.open(copy), "127.0.0.1", port)


@pytest.mark.slow
@pytest.mark.parametrize(("host", "remote"), [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)])
def test_only_an_address_of_the_network_answers_to_other_names(finished, tmp_path, host, remote):
    given = app.settings(Run.open(finished), tmp_path / "a.ipynb", host, 8866)
    assert given.Voila.tornado_settings["allow_remote_access"] is remote
    policy = given.Voila.tornado_settings["headers"]["Content-Security-Policy"]
    assert "http" not in policy and "*" not in policy and "default-src 'self'" in policy
    assert given.VoilaConfiguration.file_allowlist == [] and given.Voila.config_file_paths == []
