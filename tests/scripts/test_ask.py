import numpy as np
import pytest

from regions.io import save_network
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.scripts.helpers import assert_bad_input, load_script


@pytest.fixture(scope="module")
def script():
    return load_script("ask")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """|x|, the same with its units exchanged, max(x, 0), and two classes."""
    folder = tmp_path_factory.mktemp("nets")
    nets = {
        "abs": ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None),
        "same": ReluNetwork.from_arrays([[[-1.0], [1.0]], [[1.0, 1.0]]], None),
        "ramp": ReluNetwork.from_arrays([[[1.0]], [[1.0]]], None),
        "classes": ReluNetwork.from_arrays(
            [[[1.0]], [[1.0], [-1.0]]], [None, [0.0, 1.0]]
        ),
    }
    nets["many"] = random_network(np.random.default_rng(0), 2, [10, 10])
    for name, net in nets.items():
        save_network(folder / f"{name}.npz", net)
    np.save(folder / "x.npy", np.array([[0.0], [1.5]]))
    (folder / "near.json").write_text('{"A": [[1], [-1]], "b": [2, -1]}')
    head = "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (>= X_0 -1))"
    (folder / "bad.vnnlib").write_text(f"{head}(assert (<= X_0 1))(assert (>= Y_0 1))")
    (folder / "odd.vnnlib").write_text(f"{head}(assert (<= X_0 1))(assert (not Y_0))")
    (folder / "safe.vnnlib").write_text(f"{head}(assert (<= X_0 1))(assert (>= Y_0 2))")
    return folder


def named(folder, arguments: str) -> list[str]:
    """Words of a command line, with the names of files in their folder."""
    ends = ("npz", "npy", "lib", "json")
    return [
        str(folder / word) if word.split(":")[0].endswith(ends) else word
        for word in arguments.split()
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("abs.npz range --box -1 2", 0, "largest 2 (exactly 2)"),
        ("classes.npz range --box -1 2 --output 1", 0, "smallest -1 (exactly -1)"),
        ("abs.npz lipschitz --box -1 2 --norm inf", 0, "1 (exactly 1)"),
        ("abs.npz integral --lower -1 --upper 2", 0, "2.5 (exactly 5/2)"),
        ("abs.npz moments --lower -1 --upper 2", 0, "0.8333333333333333"),
        ("classes.npz means --box -1 2", 0, "class 0 0.5 of the volume, mean (1.25)"),
        ("abs.npz difference ramp.npz --box -1 1", 0, "1 (exactly 1)"),
        ("abs.npz equal same.npz --box -1 1", 0, "yes"),
        ("abs.npz preimage near.json --box -4 4", 0, "2 polytopes"),
        ("abs.npz range --polytope near.json", 0, "smallest 1 (exactly 1)"),
        ("abs.npz range --ball 1 --radius 2", 0, "largest 3 (exactly 3)"),
        ("abs.npz equal ramp.npz --box -1 1", 1, "no"),
        ("abs.npz equal ramp.npz --box 0 1", 0, "yes"),
        ("abs.npz property bad.vnnlib", 1, "no"),
        ("abs.npz property safe.vnnlib", 0, "yes"),
        ("classes.npz radius --at x.npy:1 --norm 2", 0, "1 (exactly 1)"),
        ("classes.npz radius --at 1.5 --norm 2", 0, "1 (exactly 1)"),
    ],
)
def test_questions_are_answered(script, files, capsys, arguments, code, said):
    words = named(files, arguments)
    assert script.main(words) == code
    shown = capsys.readouterr().out
    assert said in " ".join(" ".join(shown.splitlines()[:2]).split())
    assert "yes, proved" in shown


def test_the_norm_of_a_ball_may_be_another_one(script, files, capsys):
    """Two units meet the square around 0 and not the disc in it."""
    weights = [[[1.0, 1.0], [-1.0, 0.0]], [[8.0, 0.0]]]
    net = ReluNetwork.from_arrays(weights, [[-1.5, 0.0], [0.0]])
    save_network(files / "corner.npz", net)
    words = named(files, "corner.npz lipschitz --ball 0,0 --radius 1 --norm inf")
    for more, said in ([], "16"), (["--ball-norm", "2"], "0"):
        assert script.main([*words, *more]) == 0
        assert f"answer       {said} (exactly" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("abs.npz range --box -1 1 --ball-norm 2", "--ball-norm needs --ball POINT"),
        ("abs.npz range", "range needs a domain, such as --box -1 1"),
        ("abs.npz range --box -1 1 --norm 2", "range takes no --norm"),
        ("abs.npz range --box -1 1 --output 3", "3 is no number of one: give --output"),
        ("classes.npz range --box -1 1", "2 outputs, and none is named: give --output"),
        ("abs.npz property odd.vnnlib", "odd.vnnlib: [not Y_0] is none of and, or"),
        ("abs.npz property", "property needs a VNN-LIB file"),
        ("abs.npz radius", "radius needs --at POINT"),
        ("classes.npz radius --at x.npy:9", "row 9 is asked for"),
        ("classes.npz radius --at x.npy:one", "is no point: write 0.3,-0.2 or"),
        ("abs.npz equal classes.npz --box -1 1", "1 outputs and the other 2"),
        ("abs.npz lipschitz --box -1 1 --norm 3", "invalid choice"),
        ("abs.npz range --box -1 1 --max-seconds inf", "inf: a positive number"),
        ("abs.npz range --box -1 1 --max-seconds nan", "nan: a positive number"),
    ],
)
def test_bad_input_is_one_line(script, files, capsys, arguments, message):
    words = named(files, arguments)
    assert_bad_input(script, words, message, capsys)


def test_a_bar_moves_with_the_seconds(script, capsys):
    shown = []

    class Told(script.Bars):
        def __call__(self, done, total, message):
            shown.append((done, total, message))

    words = ["a.npz", "range", "--box", "-1", "1", "--max-seconds", "7"]
    asked = script.Shown(lambda: False, Told(), script.parse(words))
    asked._begin -= 3.0
    asked._moved -= 3.0
    assert not asked()
    assert not asked()
    assert shown == [(3, 7, "range, seconds")]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("many.npz moments", "mean square  between 0 and "),
        ("classes.npz means", "class 0  between 0 and 1 of the volume, mean (between"),
    ],
)
def test_moments_and_means_that_are_stopped_have_ends(
    script, files, capsys, asked, said
):
    words = named(files, f"{asked} --box -1 1 --max-seconds 1e-9")
    assert script.main(words) == 3
    shown = capsys.readouterr().out
    assert said in shown
    assert "NO: what is said is proved" in shown


def test_a_question_that_is_stopped_is_not_settled(script, files, capsys):
    words = named(files, "many.npz range --box -1 1 --max-seconds 1e-9")
    assert script.main(words) == 3
    shown = capsys.readouterr().out
    assert "between" in shown
    assert "NO: what is said is proved" in shown


def test_a_saved_answer_is_verified(script, files, capsys, tmp_path):
    file = tmp_path / "answer.json"
    words = named(files, "many.npz range --box -1 1 --save")
    assert script.main([*words, str(file)]) == 0
    assert load_script("verify").main([str(file)]) == 0
    assert "verified: proved exactly" in capsys.readouterr().out
    assert load_script("verify").main([str(file), "--max-seconds", "1e-6"]) == 1
    assert "error: not checked within 1e-06 seconds" in capsys.readouterr().err
    file.write_text(file.read_text().replace('"value":["', '"value":["1', 1))
    assert load_script("verify").main([str(file)]) == 1
    assert "failed: " in capsys.readouterr().err


def test_a_radius_without_another_class_says_how_far_none_is(script, files, capsys):
    one = ReluNetwork.from_arrays([[[1.0]], [[1.0], [1.0]]], [None, [1.0, 0.0]])
    save_network(files / "one_class.npz", one)
    words = named(files, "one_class.npz radius --at 1.5")
    assert script.main(words) == 0
    assert "there is no input of another class, proved" in capsys.readouterr().out
    assert script.main([*words, "--max-seconds", "1e-9"]) == 3
    shown = capsys.readouterr().out
    assert "no input of another class was found" in shown
    assert "at least" in shown


def test_a_stopped_preimage_is_saved_and_verified(script, files, capsys, tmp_path):
    file = tmp_path / "answer.json"
    (tmp_path / "high.json").write_text('{"A": [[1]], "b": [0]}')
    words = [str(files / "many.npz"), "preimage", str(tmp_path / "high.json")]
    words += ["--box", "-1", "1", "--max-seconds", "1e-9", "--save", str(file)]
    assert script.main(words) == 3
    assert f"saved to {file}" in capsys.readouterr().out
    assert load_script("verify").main([str(file)]) == 0


def test_what_is_not_known_is_not_written(script, files, capsys, tmp_path):
    file = tmp_path / "answer.json"
    words = named(files, "abs.npz equal same.npz --box -1 1 --max-seconds 1e-9")
    assert script.main([*words, "--save", str(file)]) == 3
    assert "no file is written" in capsys.readouterr().err
    assert not file.exists()


@pytest.mark.parametrize(
    "order", [("abs.npz", "weights.pt"), ("weights.pt", "abs.npz")]
)
def test_of_two_networks_options_are_for_files_of_weights_alone(
    script, files, capsys, order
):
    pytest.importorskip("torch")
    absolute = ReluNetwork.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], None)
    save_network(files / "weights.pt", absolute)
    words = named(files, f"{order[0]} equal {order[1]} --box -1 1")
    words = [str(files / word) if word == "weights.pt" else word for word in words]
    assert script.main([*words, "--activation", "relu"]) == 0
    assert capsys.readouterr().err == ""  # nothing is assumed
    assert script.main([*words, "--slopes", "0.5"]) == 1
    plain = named(files, "abs.npz equal same.npz --box -1 1 --activation relu")
    message = "--activation, --slopes and --prefix are for state dicts"
    assert_bad_input(script, plain, message, capsys)
