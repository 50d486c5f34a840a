"""Let a built package carry the notebooks and studies, which stand at the top of the repository, and its commit."""

import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).parent
COMMIT = "commit.txt"  # of a source archive


def commit() -> str:
    """Of the checkout; in a source archive, of the checkout that it was made from."""
    if (HERE / COMMIT).is_file():
        return (HERE / COMMIT).read_text(encoding="utf-8")
    git = ["git", "-C", str(HERE)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
        changed = subprocess.run(
            [*git, "status", "--porcelain", "-uno"], capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return head[:12] + (" + changes" if changed else "")


class WithNotebooks(build_py):
    """Copy what `bcd_utils.utils.paths` looks for in an installed package."""

    def run(self):
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "bcd_utils" / "project"
            patterns = "notebooks/*.ipynb", "studies/**/*.yaml", "studies/*.csv", "studies/published/*.json"
            # The last three are for archives of runs.
            for pattern in (*patterns, "CITATION.cff", "LICENSE", "requirements.lock"):
                for path in HERE.glob(pattern):
                    copy = target / path.relative_to(HERE)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, copy)
            (target / COMMIT).write_text(commit(), encoding="utf-8")


class WithCommit(sdist):
    """Keep the commit in a source archive, which has no git."""

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        (Path(base_dir) / COMMIT).write_text(commit(), encoding="utf-8")


class WithTemplates(Distribution):
    """Installs nbconvert's template in an editable installation too, which asks under this name."""

    has_data = Distribution.has_data_files


setup(distclass=WithTemplates, cmdclass={"build_py": WithNotebooks, "sdist": WithCommit})
