"""Any name of a file survives as text, and is read back from it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.path_text import as_typed, in_shell, path_of, printable, text_of
from bcd_utils.utils.paths import refuse_unstorable

#: What a name may be made of, the awkward more often than not.
bytes_of_a_name = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.lists(st.sampled_from([b"%", b"|", b" ", b"4", b"A", b"\n", b"\xe9", b"\xc3\xa9", b"e\xcc\x81"]), min_size=1)
    .map(b"".join),
).filter(lambda name: not set(name) & {0, ord("/")} and name not in (b".", b".."))  # fmt: skip


@given(st.lists(bytes_of_a_name, min_size=1, max_size=3))
def test_text_is_plain_and_leads_back(names):
    path = Path(os.fsdecode(b"/".join(names)))
    text = text_of(path)
    assert path_of(text) == path
    assert "|" not in text and text == text.strip() and len(text.splitlines()) == 1
    assert json.loads(json.dumps(text, ensure_ascii=False).encode()) == text
    written = io.StringIO()
    csv.writer(written).writerow([text])
    assert next(csv.reader(io.StringIO(written.getvalue(), newline=""), skipinitialspace=True)) == [text]


@pytest.mark.parametrize(
    "name", ["benign (1).png", "a,b;c'\"#?*[x].png", "100%.png", "gutartig/große Zyste.png", "%zz"]
)
def test_usual_names_stay_as_they_are(name):
    assert text_of(Path(name)) == name == as_typed(name)


def test_text_does_not_depend_on_the_locale():
    code = "import sys; from pathlib import Path; from bcd_utils.utils.path_text import *\n"
    code += "text = text_of(Path(sys.argv[1])); print(ascii(text), path_of(text) == Path(sys.argv[1]))"
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))
    }
    said = set()
    for changes in ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONUTF8": "1"}):
        command = [sys.executable, "-c", code, "große Zyste.png".encode()]
        said.add(subprocess.run(command, env=plain | changes, capture_output=True, text=True).stdout)
    assert said == {"'gro\\xdfe Zyste.png' True\n"}


def test_messages_can_be_printed_whatever_they_name():
    name = os.fsdecode(b"l\xe9sion")
    error = StudyError(f"{name} is lost", f"look for {name}")
    assert str(error) == "l%E9sion is lost. To fix: look for l%E9sion"
    assert printable("große 100%41|\n") == "große 100%41|\n"


@pytest.mark.parametrize(
    "name", [b"l\xe9sion 2", b"it's", b"a\nb", b"back\\slash", b"$HOME`x`", "große".encode()]
)
def test_a_shell_reads_the_name_as_it_is(tmp_path, name):
    (tmp_path / os.fsdecode(name)).touch()
    subprocess.run(["bash", "-c", f"rm {in_shell(tmp_path / os.fsdecode(name))}"], check=True)
    assert not list(tmp_path.iterdir())


def test_a_name_that_cannot_be_stored_is_refused_with_the_command_that_renames_it(tmp_path):
    folder = tmp_path / os.fsdecode(b"r\xe9sultats")
    with pytest.raises(StudyError, match=f"r%E9sultats is no UTF-8. To fix: call it {tmp_path}/r_E9sultats"):
        refuse_unstorable(folder / "run", "the run folder")
    folder.mkdir()
    with pytest.raises(StudyError) as refused:
        refuse_unstorable(folder / "run", "the run folder")
    command = refused.value.fix.partition(": ")[2]
    subprocess.run(["bash", "-c", command], check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["r_E9sultats"]
    refuse_unstorable(tmp_path / "r_E9sultats" / "große Zyste|", "the run folder")
