"""Keyboard, contrast, themes, small windows, damaged pages, hostile labels."""

import pathlib

import pytest

from experiments.atlas.page import write_page
from tests.atlas.helpers import over_time, partition, single

MAP = ".pane canvas + canvas"

ACCESS = pathlib.Path(__file__).with_name("access.js").read_text("utf-8")

FOCUSABLE = """() => [
    ...document.querySelectorAll('button, select, input, canvas[tabindex]')]
  .filter((e) => e.checkVisibility() && !e.closest('dialog:not([open])')).length"""

SEEN = """() => { const e = document.activeElement;
  if (e === document.body) return null;
  e.dataset.seen ??= String(document.querySelectorAll('[data-seen]').length);
  return e.dataset.seen; }"""


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("atlas") / "run.html"
    write_page(file, over_time())
    return file


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("atlas") / "small.html"
    write_page(file, single(partition()))
    return file


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_the_contrast_of_level_aa_and_controls_have_names(
    screen, page_file, dark
):
    window = screen(dark=dark)
    window.open(page_file)
    window.page.check("#points")
    window.page.fill("#search", "0.1, 0.2")
    window.page.keyboard.press("Enter")
    window.page.locator(".unit").first.click()
    window.page.locator(".chip").first.click()
    seen = [window.page.evaluate(ACCESS)]
    window.page.click("#keys")
    seen.append(window.page.evaluate(ACCESS))
    texts = [text for each in seen for text in each["texts"]]
    assert len(texts) > 60
    assert [text for text in texts if text[1] < 4.5] == []
    assert [each["nameless"] for each in seen] == [[], []]


def test_both_themes_follow_the_system_and_the_button(screen, page_file):
    papers = []
    for dark in (False, True):
        window = screen(dark=dark)
        window.open(page_file)
        script = "getComputedStyle(document.body).backgroundColor"
        papers.append(window.page.evaluate(script))
        window.page.click("#theme")
        papers.append(window.page.evaluate(script))
    light, to_dark, dark_paper, to_light = papers
    assert light == to_light != dark_paper == to_dark


def test_every_control_is_reached_by_tab(screen, run_file):
    window = screen()
    window.open(run_file)
    seen = set()
    for _ in range(60):
        window.page.keyboard.press("Tab")
        seen.add(window.page.evaluate(SEEN))
    assert len(seen - {None}) >= window.page.evaluate(FOCUSABLE)


def test_keyboard_alone_moves_asks_and_follows(screen, page_file):
    window = screen()
    window.open(page_file)
    window.settle()
    while window.page.evaluate("document.activeElement.tagName") != "CANVAS":
        window.page.keyboard.press("Tab")
    before = window.view
    for key in ("ArrowRight", "ArrowUp", "+", "+"):
        window.page.keyboard.press(key)
    window.settle()
    after = window.view
    assert float(after["x"]) > float(before["x"])
    assert float(after["y"]) > float(before["y"])
    assert float(after["zoom"]) == pytest.approx(2.25 * float(before["zoom"]), rel=1e-4)
    window.page.keyboard.press("Enter")
    region = window.details["region"]
    window.page.keyboard.press("n")
    unit = window.details["unit"]
    assert unit.startswith("layer ")
    window.page.keyboard.press("n")
    assert window.details["unit"] != unit
    assert window.details["region"] == region
    window.page.keyboard.press("Escape")
    assert window.details == {}
    window.page.keyboard.press("b")
    assert window.details["unit"].startswith("layer ")
    window.page.keyboard.press("?")
    assert window.page.locator("#help").is_visible()
    window.page.keyboard.press("Escape")
    window.page.keyboard.press("/")
    assert window.page.evaluate("document.activeElement.id") == "search"


def test_neighbor_is_followed_by_keyboard(screen, page_file):
    window = screen()
    window.open(page_file)
    window.page.fill("#search", "0.1, 0.2")
    window.page.keyboard.press("Enter")
    region = window.details["region"]
    window.page.locator(".go").first.focus()
    window.page.keyboard.press("Enter")
    assert window.details["region"] != region


def test_phone_window_fits_and_answers_a_tap(screen, run_file):
    window = screen(390, 844, touch=True)
    window.open(run_file)
    window.settle()
    width = window.page.evaluate("document.scrollingElement.scrollWidth")
    assert width <= 390
    box = window.page.locator(".pane").first.bounding_box()
    window.page.touchscreen.tap(
        box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    )
    assert window.details


def damage(page: str, kind: str) -> str:
    start = page.index('id="atlas-block"')
    data = page.index(">", start) + 1
    middle = data + 400
    if kind == "changed":
        other = "A" if page[middle] != "A" else "B"
        return page[:middle] + other + page[middle + 1 :]
    if kind == "cut":
        return page[:middle]
    if kind == "of another schema":
        return page.replace('data-schema="', 'data-schema="9')
    if kind == "empty":
        return page[:data] + page[page.index("</script>", data) :]
    return page[:data] + "%%%" + page[data + 3 :]


@pytest.mark.parametrize(
    "kind", ["changed", "cut", "of another schema", "empty", "not base64"]
)
def test_damaged_page_says_so(screen, page_file, tmp_path, kind):
    file = tmp_path / "damaged.html"
    file.write_text(damage(page_file.read_text(), kind))
    window = screen()
    window.page.goto(file.as_uri())
    window.until(
        "!document.getElementById('message').textContent.startsWith('Loading')"
    )
    text = window.page.inner_text("body")
    assert "The data in this page" in text or "holds no data" in text
    assert "scripts/atlas.py" in text


def test_hostile_names_are_shown_as_text(screen, tmp_path):
    name = "</script><img src=x onerror=\"document.title='gone'\"><b>bold"
    write_page(tmp_path / "hostile.html", single(partition(name=name), title=name))
    window = screen()
    window.open(tmp_path / "hostile.html")
    assert name in window.page.inner_text("#details")
    assert window.page.inner_text("h1") == name
    assert window.page.title() == name
    assert window.page.locator("img, b").count() == 0


def test_fragment_without_sense_is_ignored(screen, page_file):
    window = screen()
    window.open(page_file, "#x=nan&y=1&zoom=-3&color=%3Cb%3E&at=99&code=zz&bit=1e9")
    window.settle()
    assert float(window.view["zoom"]) > 100
    assert window.view["color"] == "output"


def test_lost_graphics_are_explained(screen, page_file):
    window = screen()
    window.open(page_file)
    window.settle()
    window.page.evaluate(
        "document.querySelector('.pane canvas').getContext('webgl2')"
        ".getExtension('WEBGL_lose_context').loseContext()"
    )
    window.page.wait_for_selector("#message:visible")
    assert "reload" in window.page.inner_text("#message")


def test_whole_domain_stays_whole_when_the_window_changes(screen, page_file):
    window = screen(1200, 800)
    window.open(page_file)
    window.settle()
    before = float(window.view["zoom"])
    window.page.set_viewport_size({"width": 900, "height": 500})
    window.until(f"Number(location.hash.match(/zoom=([^&]*)/)[1]) < {0.7 * before}")
    pane = window.page.locator(".pane").first.bounding_box()
    view = window.view
    assert float(view["zoom"]) <= min(pane["width"], pane["height"])


def test_coordinates_under_the_pointer_are_those_of_the_click(screen, page_file):
    window = screen()
    window.open(page_file)
    window.settle()
    box = window.page.locator(".pane").first.bounding_box()
    px, py = round(box["x"] + 0.4 * box["width"]), round(box["y"] + 0.3 * box["height"])
    window.page.mouse.move(px, py)
    text = window.page.inner_text("#readout span").replace("\u2212", "-")
    shown = [float(part.split(" = ")[1]) for part in text.split(", ")]
    assert shown == pytest.approx(window.world(px, py, 2.0), abs=2e-3)
