"""The cache's list is right to the byte, and pruning a study leaves the others' entries as they are."""

import pytest

from bcd_utils.utils import cache as module
from bcd_utils.utils.cache import USERS, entry_of, is_whole, kept, owned, work_for
from bcd_utils.utils.cache_contents import NOBODY, contents, prune, studies, table
from bcd_utils.utils.errors import StudyError


def pictures(path):
    path.mkdir()
    for number in range(3):
        (path / f"{number}.png").write_bytes(b"x" * 100)


@pytest.fixture
def filled(cache):
    """Entries of five studies: a file of its own each, one folder that two share, one file that nobody knows of."""
    for number, study in enumerate(("one", "two", "three", "four", "five")):
        work_for(study)
        kept(
            entry_of("features", study, ".float32"),
            lambda path, size=number: path.write_bytes(b"f" * 10**size),
        )
        if study in ("one", "two"):
            kept(entry_of("phantom", "shared"), pictures)
    work_for("")
    kept(entry_of("inputs", "old", ".npy"), lambda path: path.write_bytes(b"old"))
    half = entry_of("features", "half", ".float32")
    half.with_name(f".{half.name}.part").mkdir()
    (half.with_name(f".{half.name}.part") / half.name).write_bytes(b"half")
    return cache


def bytes_in(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_sizes_are_right_to_the_byte(filled):
    assert sum(entry.bytes for entry in contents()) == bytes_in(filled) - bytes_in(filled / USERS)
    assert studies() == ["five", "four", "one", "three", "two"]
    rows = {row[:2]: row[2:] for row in table(contents())}
    shared = next(entry for entry in contents() if entry.kind == "phantom")
    assert shared.users == {"one", "two"}
    assert rows["one", "phantom"] == rows["two", "phantom"] == (1, shared.bytes, 0)
    assert shared.bytes == 300 + sum(path.stat().st_size for path in (filled / "phantom").glob("*.json"))
    for number, study in enumerate(("one", "two", "three", "four", "five")):
        entries, size, alone = rows[study, "features"]
        sums = module.sums_of(entry_of("features", study, ".float32")).stat().st_size
        assert (entries, size, alone) == (1, 10**number + sums, 10**number + sums)
    assert rows[NOBODY, "features"] == (1, 4, 4)


def test_pruning_a_study_leaves_what_others_use(filled):
    whole = {entry.name for entry in contents()}
    before = bytes_in(filled)
    notes = (filled / USERS / "two.txt").stat().st_size
    assert prune("two") == before - bytes_in(filled) - notes
    assert whole - {entry.name for entry in contents()} == {
        entry_of("features", "two", ".float32").relative_to(filled).as_posix()
    }
    assert all(is_whole(filled / entry.name) for entry in contents() if "one" in entry.users)
    prune("one")
    assert not [entry for entry in contents() if entry.kind == "phantom"], "nobody else used it any more"
    assert is_whole(entry_of("features", "five", ".float32"))


def test_what_no_study_uses_goes_by_its_name(filled):
    assert prune(NOBODY) > 0
    assert all(entry.users for entry in contents())
    assert len(contents()) == 6


def test_a_study_that_is_not_known_is_named_with_those_that_are(filled):
    with pytest.raises(StudyError, match="No study 'on' has used .*did you mean 'one'"):
        prune("on")


def test_an_empty_cache_is_an_empty_list(cache):
    assert contents() == [] and table([]) == []


def test_a_lock_is_no_entry(cache):
    with owned(cache / "features" / "abc"):
        assert contents() == []
