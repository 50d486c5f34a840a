"""How many visitors are let in, what the others are told, and whose kernels end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import jinja2
import pytest
from tornado.web import HTTPError

from bcd_utils.pipeline.app_visitors import AT_ONCE, MOST_VISITORS, Kernels, Page
from bcd_utils.utils.paths import TEMPLATES


@pytest.mark.parametrize(
    ("kernels", "making", "told"),
    [
        (MOST_VISITORS + 1, 0, f"There is room for {MOST_VISITORS} visitors at once"),
        (1, AT_ONCE, "The pages of other visitors are being made"),
    ],
)
def test_who_finds_no_room_is_told_so(monkeypatch, kernels, making, told):
    monkeypatch.setattr(Page, "making", making)
    with pytest.raises(HTTPError, match=told) as raised:
        asyncio.run(Page.get(SimpleNamespace(kernel_manager=range(kernels))))
    assert raised.value.status_code == 503 and Page.making == making


@pytest.mark.parametrize(("status", "asks_again"), [(503, True), (500, False), (404, False)])
def test_who_must_wait_has_a_page_that_asks_again(status, asks_again):
    place = TEMPLATES / "app" / "voila" / "templates" / "bcd_app"
    page = jinja2.Environment(loader=jinja2.FileSystemLoader(place), autoescape=True).get_template(
        "error.html"
    )
    text = page.render(status_code=status, status_message="Title", message="So many are <here>.")
    assert "So many are &lt;here&gt;." in text and "Not for clinical use" in text
    assert ('http-equiv="refresh"' in text) is ("asks again by itself" in text) is asks_again
    assert ("Please wait" in text) is asks_again


@pytest.mark.parametrize(
    ("minutes", "pages", "state", "ends"),
    [
        (1, 0, "idle", False),
        (3, 0, "idle", True),
        (3, 0, "busy", False),
        (29, 1, "idle", False),
        (31, 1, "idle", True),
    ],
)
def test_a_kernel_without_a_page_ends_sooner(monkeypatch, minutes, pages, state, ends):
    kernels, ended = Kernels(), []

    async def end(kernel):
        ended.append(kernel)

    monkeypatch.setattr(kernels, "shutdown_kernel", end)
    kernels._kernels["a"] = SimpleNamespace(
        execution_state=state,
        last_activity=datetime.now(UTC) - timedelta(minutes=minutes),
        kernel_name="python3",
        kernel_spec=SimpleNamespace(metadata={}),
    )
    kernels._kernel_connections["a"] = pages
    kernels.cull_connected = True
    asyncio.run(kernels.cull_kernel_if_idle("a"))
    assert ended == ["a"] * ends
