"""Images and the points sampled from them."""

import numpy as np
import PIL.Image
import pytest
import skimage

from regions.errors import FileFormatError
from training.config import DataConfig
from training.datasets import (
    disc_image,
    load_image,
    pixel_points,
    portrait_image,
    read_image,
    ring_classes,
    ring_image,
    sample_classes,
    sample_points,
)


def test_ring_has_the_share_of_black_pixels_of_the_posts():
    image = ring_image()
    assert image.shape == (1024, 1024)
    assert np.unique(image).tolist() == [0, 255]
    assert (image == 0).mean() == pytest.approx(0.0460, abs=5e-5)


def test_predicting_the_mean_of_the_ring_costs_0_0439():
    values = ring_image() / 255.0
    assert ((values - values.mean()) ** 2).mean() == pytest.approx(0.0439, abs=5e-5)


def test_ring_is_black_between_its_radii():
    row = ring_image()[512]
    black = np.flatnonzero(row == 0)
    left, right = np.arange(256, 289), np.arange(736, 769)
    assert black.tolist() == [*left, *right]


def test_disc_has_the_area_of_a_circle():
    image = disc_image(512)
    assert (image == 0).mean() == pytest.approx(np.pi * 0.25**2, rel=1e-3)
    assert image[256, 256] == 0
    assert image[0, 0] == 255


def test_points_and_targets_are_those_of_distinct_pixels():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (8, 16), dtype=np.uint8)
    data = sample_points(image, num_train=100, num_val=28, seed=1)
    inputs = np.concatenate([data.train_inputs, data.val_inputs])
    targets = np.concatenate([data.train_targets, data.val_targets])
    columns, rows = inputs[:, 0] * 16, inputs[:, 1] * 8
    # All 128 pixels are taken, so training and validation share none.
    assert len({*zip(rows.tolist(), columns.tolist(), strict=True)}) == 128
    pixels = image[rows.astype(int), columns.astype(int)] / 255.0
    assert (targets[:, 0] == pixels.astype(np.float32)).all()


def test_sample_depends_on_the_seed_alone():
    image = ring_image(64)
    first, again, other = (sample_points(image, 50, 10, seed) for seed in (3, 3, 4))
    assert (first.train_inputs == again.train_inputs).all()
    assert (first.train_inputs != other.train_inputs).any()


def test_more_points_than_pixels_are_refused():
    with pytest.raises(ValueError, match=r"65 points .* the image has 64 pixels"):
        sample_points(np.zeros((8, 8), np.uint8), 60, 5, seed=0)


def test_pixel_points_are_column_then_row():
    points = pixel_points(np.array([0, 3, 5]), height=2, width=4)
    assert points.tolist() == [[0.0, 0.0], [0.75, 0.0], [0.25, 0.5]]


def test_gray_image_file_is_read_as_it_is(tmp_path):
    image = ring_image(32)
    skimage.io.imsave(tmp_path / "ring.png", image, check_contrast=False)
    assert (load_image(DataConfig(image=str(tmp_path / "ring.png"))) == image).all()


def test_color_image_with_alpha_becomes_gray(tmp_path):
    image = np.zeros((4, 4, 4), np.uint8)
    image[..., 1] = image[..., 3] = 255
    skimage.io.imsave(tmp_path / "green.png", image, check_contrast=False)
    # Luma of pure green, ITU-R BT.709.
    assert read_image(tmp_path / "green.png")[0, 0] == round(0.7154 * 255)


def test_missing_image_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="ring, disc, portrait or the path"):
        read_image(tmp_path / "none.png")


def test_file_that_is_no_image_is_an_error(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(FileFormatError, match="is not an image that can be read"):
        read_image(tmp_path / "text.png")


def test_classes_of_the_ring_lie_around_each_other():
    classes = ring_classes()
    assert ((classes == 1) == (ring_image() == 0)).all()
    row = classes[512]
    assert row[[0, 255, 256, 288, 289, 512, 735, 736, 768, 769]].tolist() == [
        *(0, 0, 1, 1, 2, 2, 2, 1, 1, 0),
    ]
    inside = (classes == 2).mean()
    assert inside == pytest.approx(np.pi * (224 / 1024) ** 2, rel=1e-3)


def test_sampled_classes_are_the_same_pixels_with_a_one_at_their_class():
    classes = ring_classes(32)
    data = sample_classes(classes, 3, 200, 50, seed=4)
    same = sample_points(ring_image(32), 200, 50, seed=4)
    assert (data.val_inputs == same.val_inputs).all()
    assert (data.train_targets.sum(1) == 1.0).all()
    black = same.train_targets[:, 0] == 0.0
    assert (black == (np.asarray(data.train_targets)[:, 1] == 1.0)).all()
    with pytest.raises(ValueError, match="pixels: ask for fewer"):
        sample_classes(classes, 3, 1000, 25, seed=0)


def test_portrait_is_the_gray_astronaut_at_any_size():
    own = portrait_image()
    gray = skimage.color.rgb2gray(skimage.data.astronaut())
    assert np.abs(own / 255.0 - gray).max() < 1 / 255
    half = portrait_image(256)
    means = own.reshape(256, 2, 256, 2).mean((1, 3))
    assert np.abs(half - means).mean() < 6
    named = load_image(DataConfig(image="portrait", size=256))
    assert (named == half).all()


def test_image_larger_than_the_limit_is_refused_before_it_is_decoded(tmp_path):
    PIL.Image.new("L", (4000, 3000)).save(tmp_path / "wide.png")
    assert (tmp_path / "wide.png").stat().st_size < 40_000
    with pytest.raises(FileFormatError, match="raise `max_bytes`"):
        read_image(tmp_path / "wide.png", max_bytes=32 * 4000 * 3000 - 1)
