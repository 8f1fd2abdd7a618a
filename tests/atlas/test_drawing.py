"""What is drawn, pixel by pixel, against the network: near the whole and far inside."""

import io

import numpy as np
import PIL.Image
import pytest

from experiments.atlas.page import write_page
from tests.atlas.helpers import partition, single

CLASSES = np.array([[0x3A, 0x4F, 0x8F], [0xF0, 0xC7, 0x5E]])


def boundary_point(net, level):
    """A point where the output is `level`, by bisection between two that it divides."""
    points = np.random.default_rng(1).uniform(-0.8, 0.8, (200, 2))
    values = net(points)[:, 0]
    low, high = points[values.argmin()], points[values.argmax()]
    for _ in range(60):
        middle = (low + high) / 2.0
        if net(middle[None])[0, 0] < level:
            low = middle
        else:
            high = middle
    return low


@pytest.mark.parametrize("zoom", [1e3, 1e5, 1e8])
def test_pixels_have_the_class_that_the_network_gives(screen, tmp_path, zoom):
    found = partition()
    level = float(np.median(found.outputs))
    write_page(tmp_path / "a.html", single(found, threshold=level))
    x, y = map(float, boundary_point(found.network, level))
    window = screen(900, 600)
    fragment = f"#x={x!r}&y={y!r}&zoom={zoom}&color=class&lines=none"
    window.open(tmp_path / "a.html", fragment)
    window.settle()
    pane = window.page.locator(".pane").first
    size = pane.bounding_box()
    picture = PIL.Image.open(io.BytesIO(pane.screenshot())).convert("RGB")
    pixels = np.asarray(picture).astype(int)
    # Between the ticks above and at the right, and the bar below.
    rows, columns = (
        v.ravel()
        for v in np.mgrid[30 : pixels.shape[0] - 60 : 9, 5 : pixels.shape[1] - 80 : 9]
    )
    step = 2.0 / zoom
    points = np.stack(
        [
            x + (columns + 0.5 - size["width"] / 2) * step,
            y - (rows + 0.5 - size["height"] / 2) * step,
        ],
        axis=1,
    )
    score = found.network(points)[:, 0] - level
    shade = np.abs(pixels[rows, columns][:, None] - CLASSES).sum(axis=2)
    steepest = float(found.gradients.max())
    # Within two pixels of where the class changes, a pixel may show either.
    sure = (np.abs(points) < 1.0).all(axis=1) & (np.abs(score) > 2.0 * step * steepest)
    assert sure.sum() > 1000
    assert {0, 1} == set((score[sure] > 0).tolist())
    assert (shade[sure].argmin(axis=1) == (score[sure] > 0)).all()
    assert shade[sure].min(axis=1).max() < 12
