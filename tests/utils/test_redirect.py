"""Messages of a process and of its children."""

from __future__ import annotations

import subprocess
import sys

from bcd_utils.utils.redirect import stderr_into


def test_what_this_process_and_its_children_say_goes_into_the_file_and_later_words_do_not(tmp_path, capfd):
    with open(tmp_path / "said", "w+b") as file:
        with stderr_into(file):
            print("here", file=sys.__stderr__, flush=True)
            subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('child')"], check=True)
        subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('later')"], check=True)
        file.seek(0)
        assert b"child" in file.read()
    assert capfd.readouterr().err.endswith("later")
