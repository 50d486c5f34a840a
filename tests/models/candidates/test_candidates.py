"""Who can take part: found in their modules, in order, chosen by family, name or pattern; new ones are dropped in."""

from __future__ import annotations

import re
import sys
import textwrap
from fnmatch import fnmatch

import numpy as np
import pytest

from bcd_utils.models import candidates
from bcd_utils.models.candidates import all_candidates, chosen_candidates
from bcd_utils.models.candidates.base import FAMILIES, Fold
from bcd_utils.study.loading import make_study
from bcd_utils.study.networks import NETWORKS
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import ROOT

NEAREST = """
    from bcd_utils.models.candidates.base import Candidate
    from bcd_utils.models.candidates.representations import Handcrafted
    from bcd_utils.models.candidates.scikit_learn import scikit_learn

    def nearest(seed):
        from sklearn.neighbors import KNeighborsClassifier
        return KNeighborsClassifier()

    def candidates(study):
        learn = scikit_learn(nearest, {"n_neighbors": (1, 5)})
        yield Candidate("nearest", "k nearest neighbours", "neighbours", Handcrafted(), learn)
"""


def study(*chosen, comparison=None, **settings):
    comparison = (comparison or {}) | ({"candidates": list(chosen)} if chosen else {})
    return make_study({"name": "tiny", "comparison": comparison} | settings)


def families(found):
    return list(dict.fromkeys(candidate.family for candidate in found.values()))


@pytest.fixture
def drop(tmp_path, monkeypatch):
    """``drop(name, code)`` puts a module where candidates are looked for, until the test ends."""
    monkeypatch.setattr(candidates, "__path__", [*candidates.__path__, str(tmp_path)])
    names = []

    def write(name, code):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(code))
        names.append(f"bcd_utils.models.candidates.{name}")
        all_candidates.cache_clear()
        return tmp_path / f"{name}.py"

    yield write
    all_candidates.cache_clear()
    for name in names:
        sys.modules.pop(name, None)
        vars(candidates).pop(name.rpartition(".")[-1], None)


def test_families_stand_together_and_in_the_order_of_the_tables():
    found = families(all_candidates(study()))
    assert found == [family for family in FAMILIES if family != "ensemble"]
    assert [each.family for each in all_candidates(study()).values()] == sorted(
        (each.family for each in all_candidates(study()).values()), key=list(FAMILIES).index
    )


def test_names_are_unique_plain_and_the_keys():
    for settings in ({}, {"weights": "random"}, {"pooling": "average"}, {"backbone": "vgg16"}):
        found = all_candidates(study(**settings))
        for name, candidate in found.items():
            assert candidate.name == name
            assert re.fullmatch("[A-Za-z0-9_-]+", name)
            assert candidate.title and callable(candidate.learn)
            assert candidate.source.endswith(".py") and "candidates" in candidate.source


def test_names_are_plain_also_where_the_study_has_no_dropout():
    assert all(re.fullmatch("[A-Za-z0-9_-]+", name) for name in all_candidates(study(dropout=0)))


def test_titles_tell_candidates_apart():
    found = [each.title for each in all_candidates(study()).values()]
    assert sorted(found) == sorted(set(found))


def test_every_network_takes_part_with_the_papers_head_with_a_probe_and_untrained():
    found = all_candidates(study())
    for network in NETWORKS:
        assert found[f"{network}-head"].family == found[f"{network}-linear"].family == "frozen"
        assert found[f"{network}-random-linear"].family == "control"
        settings = found[f"{network}-head"].representation.study
        assert (settings.backbone, settings.weights, settings.scaling) == (network, "imagenet", "imagenet")
        assert found[f"{network}-random-linear"].representation.study.weights == "random"
    paper = found["paper"].representation.study
    assert (paper.backbone, paper.weights, paper.scaling) == ("resnet50", "imagenet", "unit")


def test_candidates_that_read_the_same_share_one_representation():
    found = all_candidates(study())
    assert found["paper"].representation == found["paper-linear"].representation
    assert found["paper"].representation == found["paper-cbam"].representation
    assert found["svm"].representation == found["random_forest"].representation
    assert found["paper"].representation != found["resnet50-head"].representation  # scaled otherwise
    assert found["paper"].representation != found["paper-random"].representation


def test_further_files_take_part_under_their_own_names():
    files = ["/a/mine.keras", "/b/RadImageNet-ResNet50_notop.h5"]
    found = all_candidates(study(comparison={"extractors": files}))
    mine = found["mine-head"].representation.study
    assert (mine.backbone, mine.weights) == (files[0], "imagenet")
    other = found["RadImageNet-ResNet50_notop-linear"].representation.study
    assert (other.backbone, other.weights, other.scaling) == ("resnet50", files[1], "imagenet")
    assert found["mine-head"].representation.missing() == f"there is no file {files[0]}"


def test_the_head_is_changed_to_what_the_study_does_not_have():
    plain, other = (
        all_candidates(study(**settings)) for settings in ({}, {"pooling": "average", "dropout": 0})
    )
    assert {"paper-average", "paper-no_dropout"} <= plain.keys()
    assert "paper-flatten" in other and "paper-average" not in other
    assert "paper-no_dropout" not in other and any("dropout" in name for name in other)


def test_an_untrained_study_has_no_second_untrained_arm():
    assert "paper-random" in all_candidates(study())
    assert "paper-random" not in all_candidates(study(weights="random"))


@pytest.mark.parametrize("family", [family for family in FAMILIES if family not in ("ensemble", "paper")])
def test_a_family_is_chosen_by_its_name(family):
    found = chosen_candidates(study(family))
    expected = {name for name, each in all_candidates(study()).items() if each.family == family}
    assert found.keys() == expected and families(found) == [family]


def test_candidates_are_chosen_by_name_and_by_pattern_in_the_order_of_the_tables():
    assert list(chosen_candidates(study("svm"))) == ["svm"]
    assert list(chosen_candidates(study("paper"))) == ["paper"]
    found = chosen_candidates(study("svm", "resnet50*", "paper", "svm"))
    everyone = all_candidates(study())
    expected = [name for name in everyone if fnmatch(name, "resnet50*") or name in ("svm", "paper")]
    assert list(found) == expected
    assert {"resnet50-head", "resnet50v2-linear", "resnet50-random-linear"} < set(found)
    assert list(chosen_candidates(study("*"))) == list(everyone)
    assert list(chosen_candidates(study("outline-s??"))) == ["outline-svm"]


def test_patterns_tell_capitals_from_small_letters():
    with pytest.raises(StudyError):
        chosen_candidates(study("SVM"))


def test_ensembles_are_no_candidates_of_their_own():
    assert list(chosen_candidates(study("svm", "ensemble"))) == ["svm"]
    assert chosen_candidates(study("ensemble")) == {}


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("resnet50-liner", "resnet50-linear"),
        ("densenet-head", "densenet121-head"),
        ("clasical", "classical"),
        ("ensembles", "ensemble"),
        ("paper_cbam", "paper-cbam"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(wrong, nearest):
    with pytest.raises(StudyError, match=f"No candidate is called '{wrong}'.*{nearest}"):
        chosen_candidates(study("svm", wrong))


@pytest.mark.parametrize("setting", ["members", "curve_candidates", "imbalance_candidates"])
def test_names_are_checked_wherever_the_comparison_names_some(setting):
    assert list(chosen_candidates(study("svm", comparison={setting: ["paper", "svm"]}))) == ["svm"]
    with pytest.raises(StudyError, match="No candidate is called 'plain-cnn'.*plain_cnn"):
        chosen_candidates(study("svm", comparison={setting: ["svm", "plain-cnn"]}))


def test_a_name_that_is_like_none_is_answered_with_the_families():
    with pytest.raises(StudyError) as error:
        chosen_candidates(study("xyzzy*"))
    assert all(family in str(error.value) for family in FAMILIES if family != "ensemble")


def test_a_module_that_is_dropped_in_takes_part(drop):
    path = drop("nearest", NEAREST)
    everyone = all_candidates(study())
    assert list(everyone)[-1] == "nearest"  # its family is its own, after all known ones
    assert everyone["nearest"].source == str(path)
    assert list(chosen_candidates(study("neighbours", "paper"))) == ["paper", "nearest"]
    assert list(chosen_candidates(study("near*"))) == ["nearest"]

    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    values = (random.normal(size=(60, 4)) + 6 * np.eye(3, 4)[labels]).astype(np.float32)
    fold = Fold(values, labels, np.arange(30), np.arange(30, 45), 3, study())
    fitted = everyone["nearest"].learn(fold)
    assert fitted.choices["n_neighbors"] in (1, 5)
    found = fitted.predict(values[45:])
    np.testing.assert_allclose(found.sum(axis=1), 1)
    distances = np.linalg.norm(values[45:, None] - values[:30], axis=2)
    assert (found.argmax(axis=1) == labels[:30][distances.argmin(axis=1)]).all()


def test_what_was_dropped_in_is_gone_again():
    assert "nearest" not in all_candidates(study())


def test_the_ten_lines_of_the_recipe_make_a_candidate(drop):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (lines,) = re.findall(
        r"```python\n# bcd_utils/models/candidates/nearest_neighbours\.py\n(.*?)```", text, re.DOTALL
    )
    assert len([line for line in lines.splitlines() if line.strip()]) <= 10
    drop("nearest_neighbours", lines)
    candidate = chosen_candidates(study("classical"))["nearest_neighbours"]
    assert candidate.representation.missing() == ""
    random, labels = np.random.default_rng(0), np.arange(90) % 3
    values = random.normal(size=(90, 5)) + 6 * np.eye(3, 5)[labels]
    fitted = candidate.learn(Fold(values, labels, np.arange(60), np.arange(60, 75), 3, study()))
    assert (fitted.predict(values[75:]).argmax(axis=1) == labels[75:]).all()


def test_a_module_without_candidates_adds_none(drop):
    before = list(all_candidates(study()))
    drop("helpers", "LEAVES = 3\n")
    assert list(all_candidates(study())) == before


def test_two_of_one_name_are_refused(drop):
    drop("nearest", NEAREST.replace('"nearest"', '"svm"'))
    with pytest.raises(StudyError, match="Two candidates are called svm.*another name"):
        all_candidates(study())


def test_two_files_of_one_name_are_refused():
    files = ["/a/mine.keras", "/b/mine.keras"]
    with pytest.raises(StudyError, match="Two candidates are called mine-head"):
        all_candidates(study(comparison={"extractors": files}))
