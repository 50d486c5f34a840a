"""Classical learning on hand-crafted features, and on the shape of the lesion's outline."""

from __future__ import annotations

from collections.abc import Iterator

from bcd_utils.models.candidates.base import Candidate
from bcd_utils.models.candidates.representations import Handcrafted, Outline
from bcd_utils.models.candidates.scikit_learn import PENALTIES, logistic_regression, scikit_learn
from bcd_utils.study.settings import Study


def support_vectors(seed: int):
    from sklearn.svm import SVC

    return SVC(kernel="rbf", gamma="scale", random_state=seed)


def random_forest(seed: int):
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(500, random_state=seed)


def boosted_trees(seed: int):
    from sklearn.ensemble import GradientBoostingClassifier

    # Half of the rows and few of the features for each tree (Friedman 2002): twenty times faster here.
    return GradientBoostingClassifier(n_estimators=200, subsample=0.5, max_features="sqrt", random_state=seed)


LEARNERS = {
    "logistic_regression": ("Logistic regression", scikit_learn(logistic_regression, {"C": PENALTIES})),
    "svm": ("SVM (RBF)", scikit_learn(support_vectors, {"C": (0.1, 1.0, 10.0, 100.0)}, calibrate=True)),
    "random_forest": ("Random forest", scikit_learn(random_forest, {"min_samples_leaf": (1, 3, 10)})),
    "gradient_boosting": ("Gradient boosting", scikit_learn(boosted_trees, {"learning_rate": (0.03, 0.1)})),
}


def candidates(study: Study) -> Iterator[Candidate]:
    for name, (title, learn) in LEARNERS.items():
        yield Candidate(name, title, "classical", Handcrafted(), learn)
    for name, (title, learn) in LEARNERS.items():
        yield Candidate(f"outline-{name}", f"{title}, outline", "outline", Outline(), learn)
