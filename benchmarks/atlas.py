"""What a frame of the atlas costs in CPU time: in the page, and where pixels are drawn.

    python benchmarks/atlas.py page.html [page.html ...]

Drives Chromium, which draws in software (SwiftShader), so the second number stands for
a GPU's work and not for a GPU. CPU times do not depend on what else the machine does.
"""

import os
import pathlib
import shutil
import sys
from typing import Any

from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
FRAMES = 20
PAN = """async (frames) => {
  const marks = document.querySelector('.pane canvas + canvas');
  const gl = document.querySelector('.pane canvas').getContext('webgl2');
  const pixel = new Uint8Array(4);
  for (let i = 0; i < frames; i++) {
    const key = i % 2 ? 'ArrowLeft' : 'ArrowRight';
    marks.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
    await new Promise(requestAnimationFrame);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);  // wait for the frame
  }
}"""


def drawing_seconds() -> float:
    """CPU time so far of the processes that draw for a browser."""
    total = 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if "--type=gpu-process" not in (process / "cmdline").read_text():
                continue
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def script_seconds(session: Any) -> float:
    """CPU time so far of the scripts of a page."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(m["value"] for m in metrics if m["name"] == "ScriptDuration")


def frame_cost(page: Page, session: Any) -> str:
    """Milliseconds of CPU time a frame."""
    page.wait_for_timeout(500)
    script, drawing = script_seconds(session), drawing_seconds()
    page.evaluate(PAN, FRAMES)
    script = (script_seconds(session) - script) / FRAMES
    drawing = (drawing_seconds() - drawing) / FRAMES
    return f"script {1e3 * script:.1f} ms, drawing {1e3 * drawing:.0f} ms"


def measure(page: Page, file: pathlib.Path) -> None:
    """Print what one page costs to load and to draw."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(file.resolve().as_uri())
    while not page.evaluate("document.documentElement.dataset.ready"):
        page.wait_for_timeout(100)
    ready = page.evaluate("document.documentElement.dataset.ready")
    load = script_seconds(session)
    size = file.stat().st_size / 1e6
    print(f"{file.name}: {size:.1f} MB, drawn after {ready} ms, script {load:.2f} s")
    print(f"  the whole map: {frame_cost(page, session)}")
    page.fill("#search", "0.1, 0.1")
    page.keyboard.press("Enter")
    print(f"  one region:    {frame_cost(page, session)}")


def main() -> int:
    """Exit code 2 without a page or a browser."""
    path = shutil.which("chromium")
    if path is None or len(sys.argv) < 2:
        print("error: pages of scripts/atlas.py, and chromium, are required.")
        return 2
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for name in sys.argv[1:]:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            measure(page, pathlib.Path(name))
            page.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
