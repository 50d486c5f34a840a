"""The app in a real browser: right and wrong files, several visitors, hostile names, and nothing from elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from app import drop, ended, served, shown, upload
from builders import noise, write_dicom, write_image
from lab import CHROMIUM

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.study.run import Run
from bcd_utils.utils.paths import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
EVIL = "<img src=x onerror=document.title='evil'>.png"


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def app(finished, quick, browser, tmp_path_factory):
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("app") / "run"))
    place = {"BCD_CACHE_DIR": str(quick.cache), "PYTHONPATH": str(ROOT)}
    before = contents(folder)
    with served(folder, browser, quick.python, **place) as started:
        yield started
    assert contents(folder) == before, "the run stays as it is"


def test_files_are_answered_or_refused_and_no_name_becomes_markup(app, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("BCD_CACHE_DIR", str(tiny.cache))
    run = Run.open(app.folder)
    images, predictions = ImageSet.of_run(run), run.read_csv("predictions.csv")
    place = int(images.rows["test"][0])
    right = shutil.copy(images.folder / images.table["path"][place], tmp_path / EVIL)
    (tmp_path / "text.png").write_text("no image")
    large = write_image(tmp_path / "large.png", np.zeros((10_000, 10_000), np.uint8))
    page = app.visit()
    shown(page)
    secret = {"PatientName": "<script>document.title='evil'</script>"}
    upload(
        page, [Path(right), tmp_path / "text.png", large, write_dicom(tmp_path / "a.dcm", noise(1), **secret)]
    )
    facts = page.get_by_role("region", name="What the model says of this case")
    facts.get_by_text(EVIL).wait_for()
    said = f"{predictions[f'p_{images.classes[0]}'][place]:.3f}"
    assert facts.locator("tbody tr").first.locator("td").last.inner_text() == said
    refused = page.locator(".bcd-note", has_text="text.png").inner_text()
    assert "text.png: no image: text" in refused and "large.png: larger than 60 megapixels" in refused
    page.get_by_role("button", name="next").click()
    facts.get_by_text("a.dcm").wait_for()
    assert "evil" not in page.title() and page.locator("img[src=x]").count() == 0
    page.get_by_role("button", name="make files of this view").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="save case.json").click()
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    assert "Not for clinical use" in text and '"case": "a.dcm"' in text and "PatientName" not in text
    page.context.close()
    assert app.asked and app.foreign() == []


def test_dropped_files_are_answered_and_too_many_or_too_large_ones_are_not_sent(app, tmp_path):
    page, sent = app.visit(), []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(len(frame))))
    shown(page)
    image = write_image(tmp_path / "image.png", noise(3)).read_bytes()
    facts = page.get_by_role("region", name="What the model says of this case")
    drop(page, ("dropped.png", image))
    facts.get_by_text("dropped.png").wait_for()
    drop(page, ("text.png", b"no image"))
    page.locator(".bcd-note", has_text="text.png: no image: text").wait_for()
    before = sum(sent)
    for place, files in enumerate(
        ([("large.png", 50_000_001)], [(f"{number}.png", image) for number in range(9)])
    ):
        drop(page, *files)
        page.get_by_role("alert").get_by_text("Not sent: at most 8 files, 50 MB together.").wait_for()
        page.get_by_role("button", name="make files of this view").click()  # which is sent after them
        page.get_by_role("link", name="save case.json").wait_for()
        assert sum(sent) - before < len(image), "none of their bytes"
        drop(page, (f"next {place}.png", image))
        facts.get_by_text(f"next {place}.png").wait_for()
        assert not page.get_by_role("alert").is_visible() and sum(sent) - before > len(image)
        before = sum(sent)
    page.context.close()


def test_everybody_can_use_it_on_a_narrow_screen_too(app):
    from axe_playwright_python.sync_playwright import Axe

    page = app.browser.new_context(viewport={"width": 390, "height": 800}, bypass_csp=True).new_page()
    page.goto(app.address)
    shown(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("slider", name="opacity").wait_for()
    found = Axe().run(page).response["violations"]
    serious = [each["id"] for each in found if each["impact"] in ("serious", "critical")]
    assert serious == []
    before = page.locator("img.bcd-picture").get_attribute("src")
    page.get_by_label("heat map").focus()
    page.keyboard.press("End")
    page.wait_for_function("before => document.querySelector('img.bcd-picture').src != before", arg=before)
    assert "Not for clinical use" in page.locator(".bcd-always").inner_text()
    page.context.close()


def test_several_come_at_once_and_their_kernels_end_when_they_leave(app, tmp_path):
    visitors = [app.visit() for _ in range(4)]
    visitors.pop(1).context.close()  # before its page is made
    for page in visitors:
        shown(page)
    first, other, third = visitors
    first.get_by_label("set", exact=True).select_option("training")
    first.get_by_text("1 of 42").wait_for()
    image = write_image(tmp_path / "image.png", noise(3)).read_bytes()
    drop(third, ("third.png", image))
    third.get_by_text("third.png").first.wait_for()
    for own, page in (("1 of 42", first), ("third.png", third)):
        assert [each.get_by_text(own).count() > 0 for each in visitors] == [each is page for each in visitors]
    drop(first, ("unfinished.png", 40_000_000))  # which is being sent when it leaves
    other.get_by_label("heat map").select_option("hires-cam")  # which is being computed
    for page in visitors:
        ended(page, app.address)
    again = app.visit()
    shown(again)
    again.context.close()
    assert app.foreign() == []


def test_no_code_runs_but_the_notebooks(app, tmp_path):
    page = app.visit()
    shown(page)
    answered = page.evaluate(ASK, f"open({str(tmp_path / 'written')!r}, 'w').close()")
    assert answered == ["kernel_info_reply"] and not (tmp_path / "written").exists()
    assert page.request.get(f"{app.address}voila/files/12_case_explorer.ipynb").status == 403
    page.context.close()


def test_a_failure_is_told_on_the_page(finished, quick, browser, tmp_path):
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    (folder / "artifacts" / "head.keras").write_bytes(b"no model")
    place = {"BCD_CACHE_DIR": str(quick.cache), "PYTHONPATH": str(ROOT)}
    with served(folder, browser, quick.python, **place) as app:
        page = app.visit()
        page.get_by_role("alert").get_by_text("could not be made").wait_for(timeout=300_000)
        assert "Not for clinical use" in page.locator(".bcd-always").inner_text()


#: Sends code to the page's kernel as a front end would, then a question; gives the kinds of the replies to both.
ASK = """async (code) => {
    const { baseUrl, kernelId } = JSON.parse(document.getElementById("jupyter-config-data").textContent);
    const socket = new WebSocket(`ws://${location.host}${baseUrl}api/kernels/${kernelId}/channels?session_id=mine`);
    const replies = [];
    const message = (msg_type, content) => JSON.stringify({
        channel: "shell", parent_header: {}, metadata: {}, content,
        header: { msg_id: msg_type, msg_type, session: "mine", username: "", version: "5.3", date: "2026-01-01" },
    });
    await new Promise((done, failed) => { socket.onopen = done; socket.onerror = failed; });
    const answered = new Promise((done) => {
        socket.onmessage = (event) => {
            if (typeof event.data !== "string") return;
            const { msg_type, parent_header } = JSON.parse(event.data);
            if (parent_header.session === "mine" && msg_type.endsWith("_reply")) replies.push(msg_type);
            if (parent_header.msg_id === "kernel_info_request" && msg_type === "kernel_info_reply") done();
        };
    });
    socket.send(message("execute_request", { code, silent: false, store_history: false, user_expressions: {},
        allow_stdin: false, stop_on_error: true }));
    socket.send(message("kernel_info_request", {}));
    await answered;
    socket.close();
    return replies;
}"""
