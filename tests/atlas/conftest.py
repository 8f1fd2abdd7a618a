"""A real browser: Debian's Chromium, driven by Playwright, drawing in software."""

import contextlib
import shutil
import time

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
]


def find_chromium() -> str | None:
    """Path of an installed Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


# Not for the session: while Playwright runs, its event loop keeps Orbax from its own.
@pytest.fixture(scope="package")
def browser():
    """A running browser; where there is none, the test says so and is skipped."""
    path = find_chromium()
    if path is None:
        pytest.skip("Chromium was not found: apt-get install chromium")
    sync = pytest.importorskip(
        "playwright.sync_api", reason="Playwright was not found: pip install playwright"
    )
    with sync.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


class Screen:
    """A page that is open in a browser.

    Attributes:
        page: Playwright's page.
        errors: What the page has complained about.
        requests: Addresses that the page has asked for.
    """

    def __init__(self, page):
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", self._console)

    def _console(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, file, fragment: str = "") -> None:
        """Open a file from disk and wait for the first drawing."""
        self.page.goto(file.as_uri() + fragment)
        self.until("document.documentElement.dataset.ready")

    def until(self, expression: str, seconds: float = 30.0) -> None:
        """Wait until an expression holds.

        Playwright's own waiting makes scripts of text, which the page forbids.
        """
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"in vain for {seconds} s: {expression}"
            self.page.wait_for_timeout(50)

    def settle(self) -> None:
        """Wait until the view is drawn and its fragment written."""
        self.page.wait_for_timeout(300)

    @property
    def view(self) -> dict[str, str]:
        """Fields of the URL fragment."""
        script = "Object.fromEntries(new URLSearchParams(location.hash.slice(1)))"
        return self.page.evaluate(script)

    @property
    def details(self) -> dict[str, str]:
        """What is selected."""
        script = "({...document.getElementById('details').dataset})"
        return self.page.evaluate(script)

    def world(self, px: float, py: float, size: float, sign: float = -1.0):
        """The point under a pixel, by the fragment; `size` is that of the domain."""
        view, box = self.view, self.page.locator(".pane").first.bounding_box()
        scale = float(view["zoom"]) / size
        x = float(view["x"]) + (px - box["x"] - box["width"] / 2) / scale
        y = float(view["y"]) + sign * (py - box["y"] - box["height"] / 2) / scale
        return x, y


@pytest.fixture
def screen(browser):
    """Opens windows: `screen(width, height, dark)`; fails if a page complained."""
    with contextlib.ExitStack() as stack:
        opened = []

        def window(width=1200, height=800, *, dark=False, touch=False) -> Screen:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                has_touch=touch,
                permissions=["clipboard-read", "clipboard-write"],
            )
            stack.callback(context.close)
            opened.append(Screen(context.new_page()))
            return opened[-1]

        yield window
        for each in opened:
            assert each.errors == []
            assert all(url.startswith(("file:", "blob:")) for url in each.requests)
