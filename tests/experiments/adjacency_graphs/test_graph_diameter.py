"""The diameter by bits against networkx."""

import networkx
import numpy as np
import pytest

from experiments.adjacency_graphs.graph_diameter import diameter


def of(graph):
    pairs = np.array(graph.edges, np.int64).reshape(-1, 2)
    return diameter(pairs, graph.number_of_nodes())


@pytest.mark.parametrize("seed", range(4))
def test_random_graphs_have_the_diameter_of_networkx(seed):
    graph = networkx.random_regular_graph(3, 700, seed=seed)
    assert of(graph) == networkx.diameter(graph)


def test_paths_cubes_and_points():
    assert of(networkx.path_graph(600)) == 599
    cube = networkx.convert_node_labels_to_integers(networkx.hypercube_graph(6))
    assert of(cube) == 6
    assert of(networkx.complete_graph(2)) == 1
    assert of(networkx.empty_graph(1)) == 0


def test_graphs_in_parts_are_refused():
    pairs = np.array([[0, 1], [2, 3]])
    with pytest.raises(ValueError, match="not connected"):
        diameter(pairs, 4)
    with pytest.raises(ValueError, match="not connected"):
        diameter(pairs[:1], 3)
