"""Scaling studies: exact counts of ensembles, fits with intervals, resuming."""

import dataclasses
import math
import pathlib
import re

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

import regions
from experiments import scaling_study
from experiments.scaling_study import figure as plotting, study
from experiments.scaling_study.scaling_fits import fit_law
from experiments.scaling_study.study import Architecture, Config, Family, read_study
from training.loop import init_state, shuffle_key, to_device, train_block
from training.models import params_to_relu_network

STUDY = pathlib.Path(__file__).resolve().parents[3] / "scripts" / "study.toml"
CONFIG = Config(
    families=(
        Family(varies="width", values=(3, 6), dim=2),
        Family(varies="dim", values=(1, 2), width=6),
    ),
    seeds=3,
    epochs=5,
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
    # Three architectures: the one of width 6 in the plane belongs to both families.
    assert summary["networks"] == len(table) == 3 * 3 * 2
    keys = {(r["dim"], r["depth"], r["width"], r["seed"], r["stage"]) for r in table}
    assert len(keys) == len(table)
    for row in table:
        assert 1 <= row["regions"] <= row["general_position"] <= row["upper_bound"]
    assert pyarrow.csv.read_csv(folder / "networks.csv").num_rows == len(table)


def test_counts_are_those_of_the_networks(finished):
    folder, _ = finished
    table = scaling_study.load(CONFIG, folder).table
    architecture = Architecture(2, 1, 6)
    training = study.training_config(architecture, CONFIG)
    state = init_state(training)
    box = regions.Box.cube(2)
    (row,) = (
        r
        for r in table
        if (r["dim"], r["width"], r["seed"], r["stage"]) == (2, 6, 0, "initial")
    )
    network = params_to_relu_network(state.params, training.model)
    assert row["regions"] == len(
        {p.tobytes() for p in regions.enumerate_regions(network, box).patterns}
    )


def test_trained_networks_are_those_of_training_alone():
    architecture = Architecture(2, 2, 4)
    training = study.training_config(architecture, CONFIG)
    initial, trained = study.both_stages(architecture, training, CONFIG)
    data = to_device(study.target_points(2, CONFIG))
    for seed in range(CONFIG.seeds):
        state = init_state(dataclasses.replace(training, seed=seed))
        alone, _ = train_block(state, data, shuffle_key(3), training, CONFIG.epochs)
        for network, params in (
            (initial[seed], state.params),
            (trained[seed], alone.params),
        ):
            one = params_to_relu_network(params, training.model)
            for layer, other in zip(network.layers, one.layers, strict=True):
                np.testing.assert_allclose(
                    layer.weight, other.weight, rtol=1e-4, atol=1e-6
                )


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
    inner = study.study_architecture
    monkeypatch.setattr(
        study, "study_architecture", lambda *a: asked.append(a) or inner(*a)
    )
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
    exponent = summary["fits"][0]["parameter"]
    assert f"at initialization: exponent {exponent:.2f} [" in labels[0]
    assert drawing.get_supxlabel() == ""
    assert labels[3] == "upper bound (Serra et al. 2018)"
    other = drawing.axes[1].get_legend()
    assert other is not None
    effective = summary["fits"][2]["parameter"]
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


def test_shipped_study_has_a_thousand_networks():
    config = read_study(STUDY)
    assert config.seeds * len(config.architectures()) >= 1000
    assert {family.varies for family in config.families} == {"dim", "depth", "width"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = ", "is not TOML"),
        ("\udcff", "is not TOML"),
        ("seed = 3\n[[families]]\nvaries='dim'\nvalues=[1,2]", "`seed` is not a key"),
        ("[[families]]\nvary='dim'", "`vary` in [[families]] is not a key: varies, "),
        ("[[families]]\nvaries='dim'", "`values` in [[families]] is missing"),
        ("[[families]]\nvaries='dim'\nvalues=2", "`values` is 2: a list of integers"),
        ("[[families]]\nvaries='dim'\nvalues=[1,2.5]", "`values` is [1, 2.5]: a list"),
        ("families = [3]", "`families` holds no tables"),
        ("seeds = '3'", "`seeds` is '3': an integer is required"),
        ("seeds = true", "`seeds` is True: an integer is required"),
        ("initializer = 3", "`initializer` is 3: a text in quotes is required"),
        ("[[families]]\nvaries='size'\nvalues=[1,2]", "`varies` is 'size'"),
        ("[[families]]\nvaries='dim'\nvalues=[2]", "at least two positive"),
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
    half_width = read_study(path).half_width
    assert isinstance(half_width, float)
    assert half_width == 2.0
