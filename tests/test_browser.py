"""The page in a real browser: accessible, offline, on a phone and in print."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from evidence.report.build import build
from tests.conftest import TOPIC
from tests.test_report import notebook

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
LOOK = "from evidence import answer, forest, load\ntables = load()\nanswer('leaks', tables)"
DRAW = "forest(answer('leaks', tables).synthesis, title='Leaks')"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("topic")
    shutil.copytree(TOPIC, folder / "data")
    notebook(folder / "notebooks", "01_look.ipynb", LOOK, "tables.studies", DRAW)
    build(folder / "data", folder / "report", say=lambda text: None)
    return folder / "report"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        advice = "no chromium on this machine; install the package `chromium`"
        if os.environ.get("CI"):
            pytest.fail(advice)
        pytest.skip(advice)
    with sync_playwright() as machine:
        yield machine.chromium.launch(executable_path=path, args=list(QUIET))


def opened(browser: Browser, path: Path, **options: object) -> tuple[Page, list[str]]:
    """The page, and every request or complaint that it made."""
    page = browser.new_page(**options)
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.goto(path.as_uri())
    return page, seen


PAGES = ("index.html", "notebooks/01_look.html")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme, width", [("light", 1100), ("dark", 360)])
def test_axe_finds_nothing(
    report: Path, browser: Browser, name: str, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 800}
    page, _ = opened(browser, report / name, color_scheme=scheme, viewport=size)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = Axe().run(page)
    assert found.response["passes"], "axe did not look"
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_fetched_and_nothing_complains(
    report: Path, browser: Browser, name: str
) -> None:
    _, seen = opened(browser, report / name, offline=True)
    assert [one for one in seen if not one.startswith("data:")] == [(report / name).as_uri()]


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_scrolls_down_only(report: Path, browser: Browser, name: str) -> None:
    page, _ = opened(browser, report / name, viewport={"width": 360, "height": 740})
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_link_to_a_reference_opens_its_list(report: Path, browser: Browser) -> None:
    page, _ = opened(browser, report / "index.html")
    page.click("tbody >> text=Alder and Schön 2001")
    assert page.locator("#ref-leaks-alder-2001").is_visible()


def test_print_shows_what_is_folded_away_and_no_navigation(report: Path, browser: Browser) -> None:
    page, _ = opened(browser, report / "index.html")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.get_by_text("A percentage without a number of houses.").is_visible()
    assert not page.get_by_text("overview, CSV").is_visible()
    assert len(page.pdf()) > 20_000


def test_the_figure_is_one_image_with_a_text(report: Path, browser: Browser) -> None:
    page, _ = opened(browser, report / "index.html")
    figure = page.get_by_role("img").first
    assert "Leaking roofs" in (figure.evaluate("e => e.textContent") or "")
    assert figure.evaluate("e => e.getBoundingClientRect().width") > 300
