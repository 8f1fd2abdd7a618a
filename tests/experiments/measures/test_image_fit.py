"""Errors of outputs, by hand."""

import numpy as np
import pytest

from experiments.measures.image_fit import every_nth_pixel, image_fit, output_state
from training.datasets import ring_image


def test_errors_of_four_pixels_are_those_by_hand():
    image = np.array([[0, 255], [0, 255]], np.uint8)
    output = np.array([[0.2, 0.9], [0.7, 0.4]])
    fit = image_fit(output, image)
    assert fit.mse == pytest.approx((0.2**2 + 0.1**2 + 0.7**2 + 0.6**2) / 4)
    assert fit.accuracy == 0.5
    assert fit.iou == pytest.approx(1 / 3)


def test_mean_of_the_ring_has_the_error_of_the_posts():
    image = ring_image(1024)
    fit = image_fit(np.full(image.shape, image.mean() / 255.0), image)
    assert fit.mse == pytest.approx(0.0439, abs=5e-5)
    assert fit.iou == 0.0
    assert fit.accuracy == pytest.approx(1.0 - 0.0460, abs=5e-5)
    perfect = image_fit(image / 255.0, image)
    assert perfect == (0.0, 1.0, 1.0)
    white = np.full((4, 4), 255, np.uint8)
    assert image_fit(white / 255.0, white).iou == 1.0


def test_a_coarser_grid_takes_every_nth_pixel():
    image = ring_image(64)
    assert (every_nth_pixel(image, 16) == image[::4, ::4]).all()
    assert every_nth_pixel(image, 64) is not None
    with pytest.raises(ValueError, match="a divisor"):
        every_nth_pixel(image, 30)
    with pytest.raises(ValueError, match="square image"):
        every_nth_pixel(image[:, :32], 16)


def test_constant_and_diverged_outputs_are_told():
    output = np.full((3, 3), 0.95)
    assert output_state(output) == "constant"
    output[0, 0] = 0.9
    assert output_state(output) == "learned"
    output[0, 1] = np.nan
    assert output_state(output) == "diverged"
