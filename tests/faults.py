"""A campaign of kills, corruptions, settings and odd places, drawn from a seed: ``make faults``.

Each ends in the same results as a run that nothing befell, or in one line that names what is wrong and what helps.
What was tried and how it ended is printed as a table; anything else is printed whole, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from builders import TinyStudy, write_tiny_study
from ready_python import ready_python
from runs import same_results, with_children
from trust_study import write_trust_study

ROOT = Path(__file__).resolve().parents[1]
NUMBERS = {"settings": 200, "places": 100, "pairs": 10, "seeds": 20, "corruptions": 100, "kills": 200}
LEARNING = ("01_data_exploration", "02_preprocessing", "03_train_resnet50")
SERIES = 10  # kills of one run, after which it may end


@dataclass
class Campaign:
    """What is tried, and how it ended.

    Attributes
    ----------
    study : TinyStudy
    folder : Path
        Holds everything that is made.
    reference : Path
        A run of the study that nothing befell.
    longest : float
        Seconds that a process lives at most before it is killed.
    draw : random.Random
    ends : Counter
        (what was tried, how it ended) -> how often.
    failures : list of str
    """

    study: TinyStudy
    folder: Path
    reference: Path
    longest: float
    draw: random.Random
    ends: Counter = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def note(self, what: str, end: str, details: str = "") -> None:
        """Count an end; details say that it was none that may be."""
        self.ends[what, end] += 1
        if details:
            self.failures.append(f"{what}: {end}\n{details}")
            print(self.failures[-1], file=sys.stderr)

    def judge(self, what: str, ended: subprocess.CompletedProcess, run: Path) -> None:
        """Note how a command ended: with the results of the reference, or with a message."""
        if ended.returncode == 0:
            try:
                same_results(run, self.reference)
            except (AssertionError, OSError, ValueError) as error:
                self.note(what, "OTHER RESULTS", str(error)[:2000])
            else:
                self.note(what, "the same results")
        else:
            self.message(what, ended.returncode, ended.stderr)

    def message(self, what: str, code: int, err: str) -> None:
        """Note a failure that a user sees: one line, and what helps."""
        lines = err.strip().splitlines()
        fine = (
            code == 1
            and len(lines) == 2
            and lines[0].startswith("Error: ")
            and lines[1].startswith("To fix: ")
        )
        self.note(
            what,
            "a message" if fine else "A TRACEBACK OR WORSE",
            "" if fine else f"exit status {code}\n{err[-3000:]}",
        )

    # -- kills --------------------------------------------------------------------------------------

    def kills(self, number: int) -> None:
        """Kill runs at random times, each again and again, and let each end."""
        for first in range(0, number, SERIES):
            run, cache = self.folder / "killed", self.folder / "killed-cache"
            words, place = ("run", self.study.file, "--run-dir", run), {"BCD_CACHE_DIR": str(cache)}
            for _ in range(min(SERIES, number - first)):
                process = self.study.start(*words, **place)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(self.draw.uniform(0, self.longest))
                ended = process.poll()
                for member in with_children(process.pid, self.study.python) if ended is None else []:
                    with contextlib.suppress(Exception):
                        member.kill()
                out, err = process.communicate()
                if ended not in (None, 0):
                    self.message("kill", ended, err)
                self.note("kill", "killed" if ended is None else "had ended before")
            self.judge("run after kills", self.study.bcd(*words, **place), run)
            for folder in (run, cache):
                shutil.rmtree(folder, ignore_errors=True)

    # -- runs side by side ---------------------------------------------------------------------------

    def pairs(self, number: int) -> None:
        """Start two runs together on an empty cache."""
        for _ in range(number):
            cache = self.folder / "paired-cache"
            runs = [self.folder / f"paired-{place}" for place in "ab"]
            place = {"BCD_CACHE_DIR": str(cache)}
            started = [self.study.start("run", self.study.file, "--run-dir", run, **place) for run in runs]
            for run, process in zip(runs, started, strict=True):
                out, err = process.communicate()
                self.judge("two at once", subprocess.CompletedProcess([], process.returncode, out, err), run)
            for folder in (*runs, cache):
                shutil.rmtree(folder)

    def seeds(self, number: int) -> None:
        """Run a study with so many seeds, two at a time on one cache, and one after the other on another."""
        from joblib import Parallel, delayed

        def run(place: str, seed: int) -> subprocess.CompletedProcess:
            settings = [f"seed={seed}", "epochs=1", f"notebooks=[{', '.join(LEARNING)}]"]
            changes = [word for setting in settings for word in ("--set", setting)]
            words = ("run", self.study.file, "--run-dir", self.folder / f"{place}-{seed}", *changes)
            return self.study.bcd(*words, BCD_CACHE_DIR=str(self.folder / f"{place}-cache"))

        for place, at_once in (("together", 2), ("alone", 1)):
            threads = Parallel(n_jobs=at_once, backend="threading")
            for ended in threads(delayed(run)(place, seed) for seed in range(number)):
                if ended.returncode:
                    self.message(f"seeds {place}", ended.returncode, ended.stderr)
        for seed in range(number):
            try:
                same_results(self.folder / f"together-{seed}", self.folder / f"alone-{seed}")
            except (AssertionError, OSError) as error:
                self.note("seeds side by side", "OTHER RESULTS", str(error))
            else:
                self.note("seeds side by side", "the same results")
        if number:
            kept = len(list((self.folder / "together-cache" / "features").glob("*.float32")))
            self.note("features for all seeds", f"extracted {kept} times", "" if kept == 1 else "not once")

    # -- corruptions --------------------------------------------------------------------------------

    def corruptions(self, number: int) -> None:
        """Damage one file of a finished run or of its cache, and run again."""
        for _ in range(number):
            run, cache = self.folder / "damaged", self.folder / "damaged-cache"
            shutil.copytree(self.reference, run)
            shutil.copytree(self.study.cache, cache, symlinks=True)
            files = sorted(path for place in (run, cache) for path in place.rglob("*") if path.is_file())
            victim = self.draw.choice(files)
            kind = self.draw.choice(sorted(DAMAGES))
            DAMAGES[kind](victim, self.draw)
            done = self.study.bcd("run", self.study.file, "--run-dir", run, BCD_CACHE_DIR=str(cache))
            part = victim.relative_to(self.folder).parts[1 if victim.is_relative_to(run) else 0]
            self.judge(f"{kind}: {'cache' if 'cache' in part else part}", done, run)
            for folder in (run, cache):
                shutil.rmtree(folder)

    # -- settings -----------------------------------------------------------------------------------

    def settings(self, number: int) -> None:
        """Read studies with odd values in odd YAML."""
        from bcd_utils.pipeline.stages import sections
        from bcd_utils.study.loading import load_study
        from bcd_utils.utils.errors import StudyError

        file = self.folder / "odd.yaml"
        keys = ["name", "title", "seed", "epochs", "batch_size", "hidden_units", "dropout", "source", "fine_tuning",
                "augmentation", "notebooks", "confidence", "weights", "comparison", "sections", "nonsense"]  # fmt: skip
        for _ in range(number):
            key, kind = self.draw.choice(keys), self.draw.choice(sorted(ODD_VALUES))
            file.write_bytes(b"name: odd\n" + f"{key}: ".encode() + ODD_VALUES[kind](self.draw))
            try:
                load_study(file, sections=sections())
            except StudyError as error:
                fine = "\n" not in str(error) and "odd.yaml" in error.problem and error.fix
                self.note(
                    f"setting: {kind}", "a message" if fine else "NO GOOD MESSAGE", "" if fine else str(error)
                )
            except Exception as error:  # noqa: BLE001 - whatever comes is what is looked for
                self.note(f"setting: {kind}", "A TRACEBACK", f"{key}: {type(error).__name__} {error}"[:500])
            else:
                self.note(f"setting: {kind}", "taken")

    # -- terminals and places -----------------------------------------------------------------------

    def places(self, number: int) -> None:
        """Run commands in odd terminals and folders."""
        for _ in range(number):
            kind, command = (
                self.draw.choice(sorted(ODD_PLACES)),
                self.draw.choice(["run", "show", "cache", "datasets"]),
            )
            run = shutil.copytree(self.reference, self.folder / "odd place")
            cache = shutil.copytree(self.study.cache, self.folder / "odd cache")
            words = {"run": f"run {self.study.file} --run-dir '{run}'", "show": f"show '{run}'"}.get(
                command, command
            )
            shell, environment = ODD_PLACES[kind]
            where = {"BCD_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT), "COLUMNS": "100", **environment}
            # On a Python of its own: what a shell forbids, it forbids the processes that it starts.
            line = f"cd '{self.folder}'; {shell} {sys.executable} -m bcd_utils.cli {words}"
            ended = subprocess.run(
                ["bash", "-c", line], capture_output=True, text=True, env=os.environ | where
            )
            if ended.returncode == 0:
                self.judge(f"place: {kind}", ended, run) if command == "run" else self.note(
                    f"place: {kind}", "done"
                )
            else:
                self.message(f"place: {kind}", ended.returncode, ended.stderr)
            for folder in (run, cache):
                shutil.rmtree(folder)


def cut(path: Path, draw: random.Random) -> None:
    """Leave a part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content) or 1)])


def flip(path: Path, draw: random.Random) -> None:
    """Change a byte, and nothing else that is seen from outside."""
    state, content = path.stat(), bytearray(path.read_bytes() or b"\0")
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


DAMAGES: dict[str, Callable[[Path, random.Random], object]] = {
    "cut": cut,
    "a bit flipped": flip,
    "zeros": lambda path, _: path.write_bytes(bytes(path.stat().st_size)),
    "empty": lambda path, _: path.write_bytes(b""),
    "lost": lambda path, _: path.unlink(),
    "a list": lambda path, _: path.write_text("[]"),
    "from the future": lambda path, _: os.utime(path, (4e9, 4e9)),
}
ODD_VALUES: dict[str, Callable[[random.Random], bytes]] = {
    "huge number": lambda draw: str(draw.choice([1, -1]) * 10 ** draw.randrange(9, 400)).encode(),
    "fraction": lambda draw: str(draw.uniform(-2, 2)).encode(),
    "word": lambda draw: draw.choice(
        [b"yes", b"no", b"on", b"1:30", b"010", b"0x10", b"~", b"=", b".nan", b"1e999"]
    ),
    "deep": lambda draw: b"[" * (depth := draw.randrange(1, 3000)) + b"]" * depth,
    "alias": lambda draw: b"&a [*a]",
    "twice": lambda draw: b"1\nname: again",
    "bytes": lambda draw: draw.randbytes(draw.randrange(1, 30)),
    "tag": lambda draw: draw.choice([b"!!python/name:os.system", b"!!binary aGk=", b"!!set {a, b}", b"!x y"]),
    "mapping": lambda draw: json.dumps({draw.choice("abc"): draw.choice([1, "x", None, [1]])}).encode(),
    "list": lambda draw: json.dumps(
        [draw.choice([1, -1, "x", None, {}]) for _ in range(draw.randrange(4))]
    ).encode(),
    "long text": lambda draw: b"x" * draw.randrange(100, 100_000),
    "path": lambda draw: draw.choice(
        [b"/dev/zero", b"../../x.keras", b"'a\\0b'", b"~nobody/x", b"C:\\x", b"'|x'"]
    ),
}
ODD_PLACES: dict[str, tuple[str, dict[str, str]]] = {
    "ASCII output": ("exec", {"PYTHONIOENCODING": "ascii"}),
    "C locale": ("exec", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "narrow terminal": ("exec", {"COLUMNS": "20"}),
    "dumb terminal": ("exec", {"TERM": "dumb", "NO_COLOR": "1"}),
    "full output": ("exec >/dev/full;", {}),
    "closed output": ("exec >&-;", {}),
    "closed input": ("exec <&-;", {}),
    "few open files": ("ulimit -n 12; exec", {}),
    "small files": ("ulimit -f 1; exec", {}),
    "deleted folder": ("mkdir gone; cd gone; rmdir ../gone; exec", {}),
    "cache in the way": ("touch file; exec", {"BCD_CACHE_DIR": "file"}),
    "cache below a file": ("touch file; exec", {"BCD_CACHE_DIR": "file/x"}),
    "no home": ("exec", {"HOME": "/nowhere"}),
    "odd name": ("mkdir -p 'a b|=$x'; cd 'a b|=$x'; exec", {}),
    "lock is a folder": ("rm -f 'odd place/.lock'; mkdir -p 'odd place/.lock'; exec", {}),
    "left-overs": ("mkdir -p 'odd place/artifacts/.x.part/y'; touch 'odd place/.y.part'; exec", {}),
}


@contextlib.contextmanager
def campaign(seed: int, folder: Path, chain: str = "phantom") -> Iterator[Campaign]:
    """A study on the Python that is ready, its reference run, and the draw."""
    (folder / "python").mkdir(parents=True)
    study = write_tiny_study(folder)
    with ready_python(folder / "python") as program:
        study, longest = replace(study, python=program), 12.0
        if chain == "trust":
            study, longest = write_trust_study(study), 40.0
        yield Campaign(study, folder, study.run(folder / "reference"), longest, random.Random(seed))


def main() -> int:
    """Run the campaign that the command line asks for; returns the exit status."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--chain", choices=["phantom", "trust"], default="phantom")
    for kind, number in NUMBERS.items():
        words.add_argument(f"--{kind}", type=int, default=number)
    asked = words.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        campaign(asked.seed, Path(folder) / "campaign", asked.chain) as tried,
    ):
        for kind in NUMBERS:
            started = time.monotonic()
            try:
                getattr(tried, kind)(getattr(asked, kind))
            finally:  # Ctrl-C, too, leaves what was found by then
                print(f"{getattr(asked, kind)} {kind}: {time.monotonic() - started:.0f} s", flush=True)
                print("\n| what | how it ended | times |\n| --- | --- | --- |")
                for (what, end), times in sorted(tried.ends.items()):
                    print(f"| {what} | {end} | {times} |")
                print(f"\n{len(tried.failures)} failures so far, seed {asked.seed}\n", flush=True)
                tried.ends.clear()
        return 1 if tried.failures else 0


if __name__ == "__main__":
    sys.exit(main())
