"""Another source's images: copies of the study's own are left out, and what their labels are changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import CLASSES, manifest_of, make_run, noise, write_busi, write_image

from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.base import Dataset
from bcd_utils.experiments.fewer_labels.elsewhere import Elsewhere, find_elsewhere
from bcd_utils.study.loading import make_study
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError
