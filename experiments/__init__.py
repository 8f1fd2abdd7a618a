"""One folder per figure or claim, and the list of those that run by name.

`experiments/NAME/` holds all that one study needs: `study.py` its settings and what it
computes, keeps and reads back, `figure.py` its figure, `claims.py` what the numbers say
of its claims, and the measures that it alone uses; `__init__.py` puts them together as
a `running.studies.Study`. No study imports another. What several of them need lies in
`running` (runs, their folders, claims and pages), `measures` (of networks and data),
`plotting` (the look of all figures), `movies` and `atlas`.

To add a study, make its folder, and name it in `NAMES` and in the import contract of
`pyproject.toml`; its smoke preset is its test.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.running.studies import Study

NAMES = (
    "activations",
    "adjacency_graphs",
    "affine_constraint",
    "almost_orthogonal",
    "arrangement_polynomials",
    "attention_cells",
    "basins",
    "batch_centering",
    "bias_free",
    "bias_free_normalized",
    "bottleneck",
    "bounds_and_counts",
    "bundling",
    "collapse",
    "compression",
    "conformal_neighbors",
    "data_slices",
    "decision_topology",
    "dense_memory",
    "depth_stability",
    "effective_pieces",
    "embedding_neighbors",
    "empirical_bounds",
    "estimate_coverage",
    "feature_storage",
    "folding",
    "functional_dimension",
    "hanin_rolnick_lines",
    "hanin_rolnick_memorization",
    "hanin_rolnick_planes",
    "hash_codes",
    "hopfield",
    "initial_spectra",
    "interpolation_bound",
    "linear_region_properties",
    "linearity_and_scale",
    "local_complexity",
    "lora",
    "lora_digits",
    "loss_sublevels",
    "maxout",
    "memorization_index",
    "memorized_digits",
    "memorized_or_generalized",
    "movie_20x40",
    "movie_30x30",
    "movie_bottleneck",
    "movie_classifier",
    "movie_disc10",
    "movie_disc500",
    "movie_portrait",
    "movie_ring",
    "movie_single_unit",
    "moving_and_mapping",
    "neuron_hyperplane",
    "overfitting",
    "partition_dynamics",
    "preconditioner",
    "pulse",
    "referee",
    "refinement_tree",
    "region_definitions",
    "region_utilization",
    "ring",
    "ring_quality",
    "scaling_study",
    "serra_counts",
    "soft_edge",
    "space_folding",
    "superposition",
    "superposition_sizes",
    "three_colors",
    "transformer_block",
    "unbounded_decision_regions",
    "uniform_sampling",
    "wide_or_deep",
)
"""What `load_experiment` takes."""
IMAGE_NAMES = (
    "hanin_rolnick_lines",
    "hanin_rolnick_memorization",
    "hanin_rolnick_planes",
    "serra_counts",
)
"""Those whose `data` may be a file of images."""


def load_experiment(name: str) -> "Study[Any, Any]":
    """The study of a name.

    Args:
        name: One of `NAMES`.

    Raises:
        ValueError: If there is no such experiment.
    """
    if name not in NAMES:
        raise ValueError(f"`name` is {name!r}: one of {', '.join(NAMES)} is required.")
    # Imported here, so that a list of names costs no training library.
    return importlib.import_module(f"experiments.{name}").STUDY
