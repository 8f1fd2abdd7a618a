"""The site in Chromium: what it complains about, asks of networks, and hides.

Each page of `site/` is opened from a server of its own, light, dark, and on a phone.
Each text must have the contrast of level AA, each control and image words, each page
its width. `.ci/run` calls this after `make docs`; without Chromium it says so.
"""

import functools
import http.server
import pathlib
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[1]
SITE = ROOT / "site"
ACCESS = ROOT / "tests" / "atlas" / "access.js"
DARK = "document.body.setAttribute('data-md-color-scheme', 'slate')"
BEYOND = "document.documentElement.scrollWidth - innerWidth"
SCREEN, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
MOST = 20
"""Faults that are told."""


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Of requests."""


def hidden(page, look: str) -> list[str]:
    """Texts that can not be seen and elements that can not be named."""
    seen = page.evaluate(ACCESS.read_text(encoding="utf-8"))
    faults = [
        f"{look}: contrast {contrast:.2f} of {text!r}"
        for text, contrast, least in seen["texts"]
        if contrast < least
    ]
    return faults + [f"{look}: no words for {element}" for element in seen["nameless"]]


def faults_of(page, address: str) -> list[str]:
    """What is wrong with one page in each look."""
    page.set_viewport_size(SCREEN)
    page.goto(address)
    found = hidden(page, "light")
    if page.locator("h1").count() != 1:
        found.append("not one heading of the first level")
    # Atlas pages have looks of their own, which tests/atlas sees.
    if "/live/" not in address:
        page.add_style_tag(content="*, ::before, ::after {transition: none !important}")
        page.evaluate(DARK)
        found += hidden(page, "dark")
    page.set_viewport_size(PHONE)
    if page.evaluate(BEYOND) > 0:
        found.append("wider than a phone")
    return found


def check(browser, server: str) -> list[str]:
    """The faults of all pages."""
    page = browser.new_page()
    page.set_default_navigation_timeout(120_000)  # milliseconds, on a busy machine
    told: list[str] = []

    def hear(request) -> None:
        if not request.url.startswith((server, "data:", "blob:")):
            told.append(f"asks for {request.url}")

    def say(message) -> None:
        if message.type == "error":
            told.append(f"{message.text} {message.location.get('url', '')}")

    page.on("request", hear)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("console", say)
    found = []
    for file in sorted(SITE.rglob("*.html")):
        name = file.relative_to(SITE).as_posix()
        faults = faults_of(page, f"{server}/{name}")
        found += [f"{name}: {fault}" for fault in (*faults, *told)]
        told.clear()
    return found


def main() -> str | None:
    """None if nothing is wrong, and else what is."""
    sys.path.insert(0, str(ROOT))
    from playwright.sync_api import sync_playwright

    from tests.atlas.conftest import FLAGS, find_chromium

    if not any(SITE.rglob("*.html")):
        return "site/ holds no page: run make docs."
    program = find_chromium()
    if program is None:
        sys.stdout.write("Chromium was not found: the site was not opened.\n")
        return None
    handler = functools.partial(Silent, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
            found = check(browser, f"http://127.0.0.1:{server.server_port}")
            browser.close()
        server.shutdown()
    return "\n".join(found[:MOST]) or None


if __name__ == "__main__":
    sys.exit(main())
