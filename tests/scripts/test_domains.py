"""Every command knows every kind of domain: it serves it, or names what serves."""

import json

import numpy as np
import pytest

from regions.files.writing import write_arrays
from regions.io import save_network
from regions.network import ReluNetwork
from tests.helpers import random_network
from tests.scripts.helpers import load_script

COMMANDS = {
    "count": ("count_regions", "NET"),
    "estimate": ("estimate_regions", "NET --cells 2 --runs 2"),
    "topology": ("topology", "NET --of partition"),
    "range": ("ask", "NET range"),
    "integral": ("ask", "NET integral"),
    "difference": ("ask", "NET difference OTHER --tolerance 0.1"),
    "equal": ("ask", "NET equal SAME"),
    "lipschitz": ("ask", "NET lipschitz"),
    "preimage": ("ask", "NET preimage OUTPUTS"),
    "polytope": ("polytope", "NET --at AT"),
    "nearest": ("polytope", "NET --at AT --nearest 1"),
    "line": ("walk", "NET line --from=0,0 --to 1,1"),
    "path": ("walk", "NET path --from=AT --to AT"),
    "around": ("walk", "NET around --from=AT"),
    "graph": ("walk", "NET graph"),
    "table": ("hash_table", "NET --data POINTS --resolution 8"),
    "simplify": ("simplify", "NET"),
    "law": ("export", "NET --out LAW"),
    "program": ("export", "NET --out PROGRAM --unit-seconds 0"),
    "grid": ("hash_grid", "NET --resolution 8"),
    "pieces": ("count_pieces", "NET --workers 0"),
    "atlas": ("atlas", "NET --out PAGE"),
}
DOMAINS = {
    "segment": ("--segment -1,0 1,0.5", "0.3"),
    "slice": ("--slice SLICE", "0.1,0.2"),
    "flat": ("--lower=-1,0.2 --upper 1,0.2", "0.1,0.2"),
    "point": ("--lower 0,0.2 --upper 0,0.2", "0,0.2"),
    "polytope": ("--polytope CLOSED", "0.1,0.2"),
    "cone": ("--polytope OPEN", "0.1,0.2"),
    "ball": ("--ball 0.2,0.1 --radius 0.9", "0.1,0.2"),
    "square": ("--ball 0.2,0.1 --radius 0.9 --norm inf", "0.1,0.2"),
    "diamond": ("--ball 0.2,0.1 --radius 0.9 --norm 1", "0.1,0.2"),
    "space": ("--whole-space", "0.1,0.2"),
}
NO_ROUND = "take the norm 1 or inf"
NO_OPEN = "add rows that bound it"
NO_SPACE = "take a Box"
FLAT = "a domain of full dimension is required"
POINT = "`lower` and `upper` are the same point"
REFUSED = {
    ("difference", "cone"): NO_OPEN,
    ("difference", "space"): NO_SPACE,
    ("lipschitz", "segment"): FLAT,
    ("topology", "flat"): "wide on two axes",
    ("table", "flat"): "a Box, HPolytope, Ball or WholeSpace is required",
    ("atlas", "flat"): "the map shows 2; give a slice",
    ("topology", "segment"): "wide on two axes",
    ("topology", "cone"): "with bounds",
    ("topology", "ball"): "take a Box, a Slice or an HPolytope",
    ("range", "cone"): NO_OPEN,
    ("range", "space"): NO_SPACE,
    ("integral", "cone"): NO_OPEN,
    ("integral", "space"): NO_SPACE,
    **{(name, "point"): POINT for name in COMMANDS},
    **{("line", kind): "from --from to --to" for kind in DOMAINS},
    ("table", "segment"): "give a box, a polytope, a ball or the whole space",
    ("table", "slice"): "give a box, a polytope, a ball or the whole space",
    ("simplify", "cone"): NO_OPEN,
    ("law", "ball"): NO_ROUND,
    ("program", "cone"): NO_OPEN,
    ("program", "ball"): NO_ROUND,
    ("program", "space"): "a bounded one",
    ("grid", "cone"): "such as a Box",
    ("grid", "space"): "such as a Box",
    ("atlas", "segment"): "--slice FILE takes a plane",
    ("atlas", "cone"): NO_OPEN,
    ("atlas", "space"): "--box LOW HIGH takes a part",
}
"""What is not served, and of what is said in its place; all else is."""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    """Files by the words that stand for them."""
    folder = tmp_path_factory.mktemp("domains")
    rng = np.random.default_rng(0)
    network = random_network(rng, 2, [3])
    save_network(folder / "net.npz", network)
    save_network(folder / "other.npz", random_network(rng, 2, [2]))
    weights = [np.array(layer.weight) for layer in network.layers]
    weights = [weights[0] * 2.0, weights[1] / 2.0]
    biases = [network.layers[0].bias * 2.0, network.layers[1].bias]
    same = ReluNetwork.from_arrays(weights, biases)
    save_network(folder / "same.npz", same)
    (folder / "outputs.json").write_text(json.dumps({"A": [[1]], "b": [0.1]}))
    np.save(folder / "x.npy", np.array([[0.1, 0.2], [0.3, 0.2]]))
    one = np.ones(2)
    parts = {"origin": 0 * one, "directions": np.eye(2), "lower": -one, "upper": one}
    write_arrays(folder / "s.npz", **parts)
    rows = [[1, 0], [0, 1], [-1, 0], [0, -1]]
    for name, kept in (("closed.json", 4), ("open.json", 2)):
        (folder / name).write_text(json.dumps({"A": rows[:kept], "b": [1] * kept}))
    names = {"OTHER": "other.npz", "SAME": "same.npz", "OUTPUTS": "outputs.json"}
    names |= {"NET": "net.npz", "POINTS": "x.npy", "SLICE": "s.npz"}
    names |= {"CLOSED": "closed.json", "OPEN": "open.json"}
    names |= {"LAW": "law.json", "PROGRAM": "net.mps", "PAGE": "page.html"}
    return {word: str(folder / name) for word, name in names.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_domain_is_served_or_told_what_serves(name, files, capsys):
    module, words = COMMANDS[name]
    script = load_script(module)
    for kind, (domain, at) in DOMAINS.items():
        given = [files.get(word, word) for word in f"{words} {domain}".split()]
        try:
            code = script.main([word.replace("AT", at) for word in given])
        except SystemExit as stop:
            code = stop.code
        error, why = capsys.readouterr().err, REFUSED.get((name, kind))
        assert (code, kind, error) == (0 if why is None else 2, kind, error)
        if why is not None:
            assert why in error, kind
            assert error.startswith("error: "), kind
            assert error.count("\n") == 1, kind
