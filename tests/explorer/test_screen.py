"""The screen answers its controls, tells what goes wrong, and leaves the run as it is."""

from __future__ import annotations

import datetime

import pytest
from builders import noise, write_image

from bcd_utils.explorer import screen as module
from bcd_utils.explorer.collection import YOURS
from bcd_utils.explorer.screen import NO_MAP, Screen

pytestmark = pytest.mark.slow


@pytest.fixture
def screen(collection):
    return Screen(collection)


def upload(name: str, content: bytes) -> dict:
    now = datetime.datetime.now(datetime.UTC)
    return {"name": name, "type": "", "size": len(content), "content": content, "last_modified": now}


def test_it_begins_with_the_surest_internal_test_image_and_walks_on(screen, collection):
    test = collection.predictions.query("split == 'test'").sort_values("probability", ascending=False)
    assert screen.case.name == test["id"].iloc[0] and screen.count.value == f"1 of {len(test)}"
    screen.after.click()
    assert screen.case.name == test["id"].iloc[1] and screen.case.name in screen.facts.value
    screen.before.click()
    assert screen.case.name == test["id"].iloc[0] and screen.before.disabled


def test_kinds_and_ids_choose(screen, collection):
    screen.verdict.value, screen.set.value = "wrong", "training"
    wrong = collection.predictions.query("split == 'train' and label != predicted")
    assert screen.count.value == f"1 of {len(wrong)}" and screen.case.name in set(wrong["id"])
    wanted = collection.predictions.query("split == 'validation'")["id"].iloc[0]
    screen.find.value = wanted
    assert (screen.case.name, screen.set.value, screen.verdict.value) == (wanted, "tuning", "all")
    screen.set.value = YOURS
    assert screen.case is None and "no case of this kind" in screen.count.value
    screen.save.click()
    assert screen.links.value == screen.message.value == ""


def test_the_heat_map_is_that_of_method_class_and_opacity(screen):
    seen = [screen.picture.value]
    for change in ({"of_class": "normal"}, {"opacity": 0.2}, {"method": NO_MAP}):
        for name, value in change.items():
            getattr(screen, name).value = value
        seen.append(screen.picture.value)
    assert len(set(seen)) == 4 and screen.shown == {}
    assert "grad-cam for normal" in seen[1] and "Heat map" not in seen[3]


def test_the_threshold_moves_what_is_said_of_the_sets(screen):
    before = screen.told.value
    screen.threshold.value = 1.0
    assert "0 of" in screen.told.value and screen.told.value != before
    assert "not called malignant" in " ".join(screen.told.value.split()).replace("</b>", "")


def test_own_images_are_answered_beside_those_that_are_refused(screen, tmp_path):
    image = write_image(tmp_path / "a.png", noise(3)).read_bytes()
    evil = "<img src=x onerror=alert(1)>.png"
    screen.upload.value = (upload(evil, image), upload("b.png", b"text"))
    assert screen.case.name == evil and screen.upload.value == () and screen.set.value == YOURS
    assert "b.png: no image: text" in screen.message.value
    for shown in (screen.facts, screen.picture, screen.message):
        assert "<img src=x" not in shown.value
    assert "&lt;img src=x" in screen.facts.value and screen.label.disabled
    screen.save.click()
    assert 'download="view.png"' in screen.links.value and 'download="case.json"' in screen.links.value
    screen.upload.value = tuple(upload(f"{number}.png", image) for number in range(8))
    assert len(screen.own) == 8 and screen.case.name == "0.png" and screen.message.value == ""


def test_what_goes_wrong_is_told_on_the_screen(screen, monkeypatch, capsys):
    def fails(*_):
        raise OSError("<b>the disk is gone</b>")

    monkeypatch.setattr(module, "case_of_run", fails)
    screen.kept.clear()
    screen.after.click()
    assert "This could not be done: &lt;b&gt;the disk is gone" in screen.message.value
    assert "Traceback" in capsys.readouterr().err


def test_the_notice_is_on_the_screen_and_nothing_is_written(screen, finished):
    assert "Not for clinical use" in screen.box.children[0].value
    assert "Synthetic data" in screen.box.children[0].value
    assert not (finished / "exploration").exists()
    bundle, _ = screen._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle and "<img" in bundle["text/html"]
