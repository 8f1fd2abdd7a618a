"""Scaling studies: exact counts of ensembles, fits with intervals, resuming."""

import dataclasses
import math
import pathlib
import re

import jax
import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
import scipy.stats

import regions
from experiments import scaling_study
from experiments.scaling_study import figure as plotting, networks, study
from experiments.scaling_study.scaling_fits import fit_law
from experiments.scaling_study.settings import Config, Family, Setting, read_study
from training.ensemble import ensemble_networks
from training.initial_draws import draw_params
from training.loop import (
    TrainState,
    init_state,
    make_optimizer,
    shuffle_key,
    to_device,
    train_block,
)
from training.models import params_to_relu_network

STUDY = pathlib.Path(__file__).resolve().parents[3] / "scripts" / "study.toml"
PLANE = Setting(width=6, epochs=5)
CONFIG = Config(
    families=(
        Family(varies="width", values=(3, 6), fixed=PLANE),
        Family(varies="dim", values=(1, 2), fixed=PLANE),
    ),
    seeds=3,
    points=16,
    bootstrap=50,
)


def quiet(done, total, message):
    assert 0 <= done <= total
    assert message


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return folder, scaling_study.run(CONFIG, folder, quiet)


def test_every_network_is_counted_once_and_within_the_bounds(finished):
    folder, summary = finished
    table = pyarrow.parquet.read_table(folder / "networks.parquet").to_pylist()
    # Three settings: the one of width 6 in the plane belongs to both families.
    assert summary["networks"] == len(table) == 3 * 3 * 2
    keys = {(r["setting"], r["seed"], r["stage"]) for r in table}
    assert len(keys) == len(table)
    for row in table:
        assert 1 <= row["regions"] <= row["general_position"] <= row["upper_bound"]
    assert pyarrow.csv.read_csv(folder / "networks.csv").num_rows == len(table)


def test_table_of_means_is_that_of_the_counts(finished):
    folder, summary = finished
    rows = pyarrow.csv.read_csv(folder / "networks.csv").to_pylist()
    means = pyarrow.csv.read_csv(folder / "means.csv").to_pylist()
    assert len(means) == 2 * 2 * 2
    wanted = {"stage": "trained", "units": 6, "dim": 2}
    own = [r for r in rows if wanted.items() <= r.items()]
    counts = np.array([row["regions"] for row in own], float)
    test = scipy.stats.ttest_1samp(counts, 0.0).confidence_interval(0.95)
    found = [m for m in means if (m["varies"], m["value"]) == ("width", 6)]
    (row,) = (m for m in found if m["stage"] == "trained")
    assert (row["mean"], row["seeds"]) == (counts.mean(), 3)
    assert np.allclose([row["low"], row["high"]], [test.low, test.high])
    fit = summary["fits"][1]["fit"]
    assert np.isclose(row["fit"], fit["factor"] * 6.0 ** fit["parameter"])
    assert row["upper_bound"] == own[0]["upper_bound"]


def test_counts_are_those_of_the_networks(finished):
    folder, _ = finished
    table = scaling_study.load(CONFIG, folder).table
    training = networks.training_config(PLANE, 1)
    drawn = ensemble_networks(draw_params(training.model, [0]), training)[0]
    (row,) = (
        r
        for r in table
        if (r["setting"], r["seed"], r["stage"]) == (PLANE.key, 0, "initial")
    )
    box = regions.Box.cube(2)
    assert row["regions"] == len(
        {p.tobytes() for p in regions.enumerate_regions(drawn, box).patterns}
    )


def test_trained_networks_are_those_of_training_alone():
    # In one program with others, and filled up to their shape.
    setting = Setting(widths=(4, 3), epochs=5, activation="abs")
    other = dataclasses.replace(setting, dim=3, widths=(5, 2, 4))
    found, _ = networks.networks_of([setting, other], CONFIG)
    training = networks.training_config(setting, 1)
    data = to_device(networks.points_of(setting, CONFIG))
    params = draw_params(training.model, range(3))
    for seed in range(CONFIG.seeds):
        like = init_state(dataclasses.replace(training, seed=seed))
        own = jax.tree.map(lambda leaf, i=seed: jax.numpy.asarray(leaf[i]), params)
        state = TrainState(
            own, make_optimizer(training.optimizer).init(own), like.epoch
        )
        alone, _ = train_block(state, data, shuffle_key(3), training, setting.epochs)
        for network, end in (
            (found["initial"][seed], own),
            (found["trained"][seed], alone.params),
        ):
            one = params_to_relu_network(end, training.model)
            for layer, other in zip(network.layers, one.layers, strict=True):
                np.testing.assert_allclose(
                    layer.weight, other.weight, rtol=1e-4, atol=1e-6
                )
                np.testing.assert_array_equal(layer.slopes, other.slopes)


def test_interrupted_study_goes_on_with_the_same_result(
    finished, tmp_path, monkeypatch
):
    _, summary = finished

    class KilledError(Exception):
        pass

    def stop(done, total, message):
        if done > 8:
            raise KilledError

    with pytest.raises(KilledError):
        scaling_study.run(CONFIG, tmp_path, stop)
    asked = []
    inner = study.study_setting
    monkeypatch.setattr(study, "study_setting", lambda *a: asked.append(a) or inner(*a))
    again = scaling_study.run(CONFIG, tmp_path, quiet)
    assert len(asked) == 2
    timing = {"seconds_of_counting"}
    assert {k: v for k, v in again.items() if k not in timing} == {
        k: v for k, v in summary.items() if k not in timing
    }


def test_figure_shows_every_count_and_fit(finished):
    folder, summary = finished
    drawing = plotting.draw(scaling_study.load(CONFIG, folder))
    assert len(drawing.axes) == 2
    left = drawing.axes[0]
    assert left.get_xlabel() == "units per layer"
    shown = sum(len(np.asarray(c.get_offsets())) for c in left.collections)
    assert shown == 2 * 2 * 3
    legend = left.get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    exponent = summary["fits"][0]["fit"]["parameter"]
    assert f"at initialization: exponent {exponent:.2f} [" in labels[0]
    assert drawing.get_supxlabel() == ""
    assert labels[3] == "upper bound (Serra et al. 2018)"
    other = drawing.axes[1].get_legend()
    assert other is not None
    effective = summary["fits"][2]["fit"]["parameter"]
    assert f"$M$ = {effective:.2f}" in other.get_texts()[0].get_text()
    rows = dict(study.summary_rows(summary))
    assert rows["networks, initial and trained"] == "18"


def test_exact_laws_are_found_without_spread():
    counts = np.array([[3.0 * x**2.5] * 4 for x in (2, 4, 8)])
    fit = fit_law("power", (2, 4, 8), counts, 20)
    assert np.allclose(np.array([fit.parameter, fit.low, fit.high], float), 2.5)
    assert np.allclose([fit.factor, fit.misfit], [3.0, 1.0])
    counts = np.array([[2.0 * 9.0**d / math.factorial(d)] * 4 for d in (1, 2, 3, 4)])
    fit = fit_law("arrangement", (1, 2, 3, 4), counts, 20)
    assert np.allclose(np.array([fit.parameter, fit.low, fit.high], float), 9.0)
    assert np.allclose([fit.factor, fit.misfit], [2.0, 1.0])
    assert np.allclose(fit.counts((1, 2, 3, 4)), counts[:, 0])


def test_counts_that_follow_no_power_law_have_a_misfit():
    counts = np.exp(np.array([[1.0], [3.0], [2.0]]))
    fit = fit_law("power", (1, 2, 4), counts, 5)
    # The line through logarithms 1, 3, 2 misses them by 1/2, 1 and 1/2.
    assert np.isclose(fit.misfit, np.e)
    with pytest.raises(ValueError, match="`law` is 'linear'"):
        fit_law("linear", (1, 2), counts[:2], 5)


@pytest.mark.parametrize("law", ["power", "arrangement"])
def test_one_seed_has_no_interval_and_two_have_one(law):
    counts = np.array([[3.0, 4.0], [9.0, 11.0], [30.0, 20.0]])
    one, two = (fit_law(law, (1, 2, 3), counts[:, :k], 50) for k in (1, 2))
    assert (one.low, one.high) == (None, None)
    assert "(one seed: an interval takes more); misfit" in str(one)
    assert str(fit_law(law, (1, 2), counts[:2], 50)).endswith("; through both points")
    assert two.low is not None
    assert two.high is not None
    assert two.low < two.parameter < two.high
    assert f"(95 %: {two.low:.3f} to {two.high:.3f})" in str(two)


def test_interval_covers_the_exponent_of_noisy_counts():
    rng = np.random.default_rng(1)
    x = np.array([1, 2, 4, 8])
    noise = rng.lognormal(0.0, 0.2, (4, 50))
    fit = fit_law("power", tuple(x.tolist()), x[:, None] ** 0.7 * noise, 400)
    assert fit.low is not None
    assert fit.high is not None
    assert fit.low < 0.7 < fit.high
    assert 0.0 < fit.high - fit.low < 0.2
    assert str(fit).startswith("exponent 0.")


def test_exponential_growth_is_found():
    counts = np.array([[3.0 * 1.7**x] * 4 for x in (1, 2, 5)])
    fit = fit_law("exponential", (1, 2, 5), counts, 20)
    assert np.allclose([fit.parameter, fit.factor, fit.misfit], [1.7, 3.0, 1.0])
    assert np.allclose(fit.counts((1, 2, 5)), counts[:, 0])
    assert str(fit).startswith("base 1.700 (95 %:")


def test_shipped_study_is_the_one_that_is_published():
    config = read_study(STUDY)
    assert config == study.PRESETS["paper"]
    assert config.seeds * len(config.settings()) >= 1000
    assert {family.varies for family in config.families} == {"dim", "depth", "width"}
    beyond = read_study(STUDY.with_name("study_estimates.toml"))
    assert beyond.method == "estimate"
    assert max(setting.dim for setting in beyond.settings()) == 100


def write_study(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(f"seeds = 2\npoints = 8\nbootstrap = 5\n{text}")
    return read_study(path)


def run_study(tmp_path, text):
    config = write_study(tmp_path, text)
    summary = scaling_study.run(config, tmp_path, quiet)
    return config, summary, scaling_study.load(config, tmp_path)


def test_any_architecture_activation_and_initialization(tmp_path):
    text = """
        stages = ["initial"]
        [[families]]
        varies = "widths"
        values = [[3], [4, 2], [6], [2, 4, 3]]
        activation = "abs"
        initializer = "unit_columns"
        [[families]]
        varies = "activation"
        values = ["relu", "prelu", "leaky_relu", "abs"]
        widths = [5, 3]
        initializer = "he_normal_unit_bias"
    """
    config, summary, result = run_study(tmp_path, text)
    assert summary["networks"] == len(result.table) == 2 * (4 + 4)
    for setting in config.settings():
        drawn = networks.networks_of([setting], config)[0]["initial"]
        rows = [r for r in result.table if r["setting"] == setting.key]
        domain = regions.Box.cube(2)
        expected = [int(regions.count_regions(n, domain, method="tree")) for n in drawn]
        assert [row["regions"] for row in rows] == expected
        assert max(expected) <= rows[0]["upper_bound"]
    # Over units 3, 6, 6 and 9 a power is fitted; activations are no numbers.
    assert ["fit" in entry for entry in summary["fits"]] == [True, False]
    drawing = plotting.draw(result)
    labels = [
        [label.get_text() for label in axes.get_xticklabels()] for axes in drawing.axes
    ]
    assert labels[0] == ["3", "4x2\n6", "2x4x3"]
    assert labels[1] == ["relu", "prelu", "leaky_relu", "abs"]
    titles = [axes.get_title(loc="left") for axes in drawing.axes]
    assert titles[0] == "widths (dimension 2, abs, unit_columns)"
    assert {row["families"] for row in result.table} == {"0", "1"}
    rows = dict(study.summary_rows(summary))
    (means,) = (v for k, v in rows.items() if k.startswith("activation"))
    assert means.startswith("means ")


def test_data_of_ones_own_and_a_slice_through_it(tmp_path):
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((12, 5)), rng.standard_normal((12, 2))
    np.savez(tmp_path / "mine.npz", inputs=inputs, targets=targets)
    text = """
        data = "mine.npz"
        dim = 5
        domain = "slice"
        slice_dim = 2
        epochs = 3
        [[families]]
        varies = "half_width"
        values = [0.5, 2]
        fit = "exponential"
    """
    config, summary, result = run_study(tmp_path, text)
    setting = config.settings()[0]
    data = networks.points_of(setting, config)
    np.testing.assert_allclose(data.train_inputs, inputs, rtol=1e-6)
    domain = networks.domain_of(setting, data)
    assert (domain.dim, domain.ambient_dim) == (2, 5)
    np.testing.assert_allclose(domain.embed(np.zeros((1, 2)))[0], inputs.mean(0), 1e-5)
    trained = networks.networks_of([setting], config)[0]["trained"]
    assert trained[0].output_dim == 2
    found = [r["regions"] for r in result.table if r["setting"] == setting.key]
    assert found[2:] == [int(regions.count_regions(n, domain)) for n in trained]
    assert summary["fits"][0]["fit"]["law"] == "exponential"
    np.savez(tmp_path / "mine.npz", inputs=inputs + 1.0, targets=targets)
    assert read_study(tmp_path / "study.toml") != config


def test_methods_are_used_and_estimates_are_called_so(tmp_path):
    text = """
        stages = ["initial"]
        [[families]]
        varies = "dim"
        values = [2, 3]
        width = 5
        domain = "simplex"
    """
    exact = run_study(tmp_path, f"method = 'tree'\n{text}")[2].table
    assert {row["method"] for row in exact} == {"tree"}
    (tmp_path / "about").mkdir()
    few = run_study(tmp_path / "about", f"method='estimate'\ncells=500\nruns=2{text}")
    assert {row["method"] for row in few[2].table} == {"estimate"}
    # So many cells are all there are: the estimate is the count.
    assert [r["regions"] for r in few[2].table] == [r["regions"] for r in exact]
    assert {row["error"] for row in few[2].table} == {0.0}
    assert "counted exactly" not in few[1]["headline"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = ", "is not TOML"),
        ("\udcff", "is not TOML"),
        ("seed = 3\n[[families]]\nvaries='dim'\nvalues=[1,2]", "`seed` is not a key"),
        ("[[families]]\nvary='dim'", "`vary` in [[families]] is not a key: varies, "),
        ("[[families]]\nvaries='dim'", "`values` in [[families]] is missing"),
        ("[[families]]\nvaries='dim'\nvalues=2", "`values` is 2: a list is required"),
        (
            "[[families]]\nvaries='dim'\nvalues=[1,2.5]",
            "`values` is 2.5: an integer is",
        ),
        ("families = [3]", "`families` holds no tables"),
        ("seeds = '3'", "`seeds` is '3': an integer is required"),
        ("seeds = true", "`seeds` is True: an integer is required"),
        ("initializer = 3", "`initializer` is 3: a text in quotes is required"),
        ("[[families]]\nvaries='size'\nvalues=[1,2]", "`varies` is 'size'"),
        ("[[families]]\nvaries='dim'\nvalues=[2]", "at least two, all different"),
        ("[[families]]\nvaries='dim'\nvalues=[0,2]", "`dim` is 0: at least 1"),
        ("[[families]]\nvaries='width'\nvalues=[2,3]\nwidths=[2]", "leave it out"),
        ("depth=2\nwidths=[2]", "`depth` is 2 beside `widths`"),
        ("[[families]]\nvaries='dim'\nvalues=[1,2]\nwidths=[2]\nwidth=2", "beside"),
        ("[[families]]\nvaries='widths'\nvalues=[[2],[1]]\ndepth=2", "beside"),
        (
            "[[families]]\nvaries='widths'\nvalues=[[4],[2,2]]\nfit='power'",
            "all `widths` have 4 units",
        ),
        ("[[families]]\nvaries='epochs'\nvalues=[0,3]\nfit='power'", "positive ones"),
        ("[[families]]\nvaries='width'\nvalues=[2,3]\nfit='arrangement'", "dimensions"),
        ("[[families]]\nvaries='width'\nvalues=[2,3]\nfit='line'", "`fit` is 'line'"),
        ("activation='gelu'\n[[families]]\nvaries='dim'\nvalues=[1,2]", "relu, leaky"),
        ("method='magic'\n[[families]]\nvaries='dim'\nvalues=[1,2]", "`method` is"),
        ("stages=['last']\n[[families]]\nvaries='dim'\nvalues=[1,2]", "`stages` is"),
        ("half_width=0\n[[families]]\nvaries='dim'\nvalues=[1,2]", "a positive number"),
        ("domain='ball'\n[[families]]\nvaries='dim'\nvalues=[1,2]", "cube, simplex"),
        ("seeds = 3", "`families` is empty"),
        ("seeds = 0\n[[families]]\nvaries='dim'\nvalues=[1,2]", "`seeds` is 0"),
    ],
)
def test_bad_study_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_study(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_numbers_may_be_integers_where_fractions_are_meant(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text("half_width = 2\n[[families]]\nvaries='dim'\nvalues=[1,2]")
    half_width = read_study(path).families[0].fixed.half_width
    assert isinstance(half_width, float)
    assert half_width == 2.0


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (np.zeros((4, 3)), np.zeros(4), "`inputs` has shape (4, 3): (points, 2)"),
        (np.zeros((4, 2)), np.zeros(3), "`targets` has shape (3,)"),
    ],
)
def test_data_that_does_not_fit_is_refused(tmp_path, inputs, targets, message):
    np.savez(tmp_path / "mine.npz", inputs=inputs, targets=targets)
    text = "data='mine.npz'\n[[families]]\nvaries='width'\nvalues=[2,3]"
    config = write_study(tmp_path, text)
    with pytest.raises(ValueError, match=re.escape(message)):
        networks.points_of(config.settings()[0], config)


def test_data_that_is_missing_is_named(tmp_path):
    text = "data='nowhere.npz'\n[[families]]\nvaries='width'\nvalues=[2,3]"
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz does not exist: `data`"):
        write_study(tmp_path, text)
