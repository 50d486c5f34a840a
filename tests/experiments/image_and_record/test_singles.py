"""One arm on one fold: shuffling encoded columns is shuffling the table's."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest
from made_records import made
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from bcd_utils.experiments.image_and_record.learners import make_classifier, make_encoder
from bcd_utils.experiments.image_and_record.singles import Job, inner_folds, train_single
from bcd_utils.experiments.image_and_record.training import shared_by
from bcd_utils.utils.errors import StudyError


@pytest.mark.parametrize("arm", ["both", "early_known"])
def test_what_is_shuffled_is_the_columns_of_a_group(arm):
    arms, shared = shared_by(made(effect=1.0, images=80), permutations=2)
    test = np.arange(20)
    job = Job(arm, tuple(test.tolist()), seed=5)
    with threadpool_limits(1):
        found = train_single(job, shared)
    columns = shared.columns_of[arm]
    training, tested = shared.table(arm, np.arange(20, 80)), shared.table(arm, test)
    force = float(str(found["choices"]).removeprefix("C="))
    model = make_pipeline(make_encoder(*columns), make_classifier(force, bool(columns[2])))
    model.fit(training, shared.labels[20:])
    np.testing.assert_allclose(found["probabilities"][:20], model.predict_proba(tested), atol=1e-9)
    for place, (group, of) in enumerate(shared.shuffled[arm].items()):
        order = np.random.default_rng([5, crc32(group.encode()), 1]).permutation(20)
        changed = tested.assign(**{column: tested[column].to_numpy()[order] for column in of})
        np.testing.assert_allclose(found["shuffled"][place, 1], model.predict_proba(changed), atol=1e-9)


def test_a_class_of_one_patient_cannot_be_cut_into_inner_folds():
    labels, groups = np.array([0, 0, 1, 1]), np.array(["a", "b", "c", "c"])
    assert inner_folds(labels, np.array(["a", "b", "c", "d"])) == 2
    with pytest.raises(StudyError, match="are all of one patient or group"):
        inner_folds(labels, groups)
