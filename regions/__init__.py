"""Exact geometry of piecewise-affine networks: the public names.

Names load on first use, so that `import regions` costs no JAX and no CVXPY.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regions.certificates import (
        VerificationReport as VerificationReport,
        verify as verify,
    )
    from regions.domains.shapes import (
        Ball as Ball,
        Box as Box,
        HPolytope as HPolytope,
        Segment as Segment,
        Simplex as Simplex,
        Slice as Slice,
        WholeSpace as WholeSpace,
    )
    from regions.enumeration import (
        count_regions as count_regions,
        enumerate_regions as enumerate_regions,
    )
    from regions.enumeration.many import count_many as count_many
    from regions.enumeration.restriction.polynomial import (
        CharacteristicPolynomial as CharacteristicPolynomial,
        characteristic_polynomial as characteristic_polynomial,
    )
    from regions.enumeration.walk.facet_flips import explore_regions as explore_regions
    from regions.errors import (
        EmptyPolyhedronError as EmptyPolyhedronError,
        FileFormatError as FileFormatError,
        LimitError as LimitError,
        ModelError as ModelError,
        NotGenericError as NotGenericError,
        RegionsError as RegionsError,
        SolverError as SolverError,
        UndecidedError as UndecidedError,
    )
    from regions.errors.limits import limited as limited
    from regions.estimates.estimate import estimate_regions as estimate_regions
    from regions.estimates.recording import RegionRecorder as RegionRecorder
    from regions.estimates.result import RegionEstimate as RegionEstimate
    from regions.grid.hash_grid import GridCount as GridCount, hash_grid as hash_grid
    from regions.hash_tables.hash_table import (
        HashTable as HashTable,
        hash_table as hash_table,
    )
    from regions.io import load_network as load_network, save_network as save_network
    from regions.io.pytorch_writer import to_torch as to_torch
    from regions.models import (
        as_network as as_network,
    )
    from regions.models.flax_models import (
        from_flax as from_flax,
    )
    from regions.models.jax_programs import (
        from_jax as from_jax,
    )
    from regions.models.keras_models import (
        from_keras as from_keras,
    )
    from regions.models.maxout import (
        maxout_network as maxout_network,
    )
    from regions.models.sklearn_models import (
        from_sklearn as from_sklearn,
    )
    from regions.models.torch_modules import (
        from_torch as from_torch,
    )
    from regions.network import Layer as Layer, ReluNetwork as ReluNetwork
    from regions.partition.class_polygons import (
        ClassPolygons as ClassPolygons,
        class_polygons as class_polygons,
    )
    from regions.partition.decision_regions import (
        DecisionRegions as DecisionRegions,
        decision_regions as decision_regions,
    )
    from regions.partition.linear_regions import (
        count_linear_regions as count_linear_regions,
    )
    from regions.partition.paths import (
        regions_between as regions_between,
        save_graph as save_graph,
        shortest_path as shortest_path,
    )
    from regions.partition.region_shape import (
        MeanSize as MeanSize,
        mean_inradius as mean_inradius,
    )
    from regions.polytopes.meeting import (
        Meeting as Meeting,
        regions_meeting_at as regions_meeting_at,
    )
    from regions.polytopes.polytope import (
        Polytope as Polytope,
        polytope_at as polytope_at,
    )
    from regions.polytopes.report import (
        PolytopeReport as PolytopeReport,
        describe_polytope as describe_polytope,
    )
    from regions.questions.answer import Answer as Answer, Interval as Interval
    from regions.questions.class_means import mean_by_class as mean_by_class
    from regions.questions.equality import are_equal as are_equal
    from regions.questions.holding import holds as holds
    from regions.questions.integrals import integral as integral, moments as moments
    from regions.questions.lipschitz import lipschitz as lipschitz
    from regions.questions.mixed_integer import (
        mixed_integer_program as mixed_integer_program,
    )
    from regions.questions.preimages import Preimage as Preimage, preimage as preimage
    from regions.questions.properties import Property as Property
    from regions.questions.radius import robust_radius as robust_radius
    from regions.questions.ranges import (
        largest_difference as largest_difference,
        output_range as output_range,
    )
    from regions.questions.surroundings import (
        Surroundings as Surroundings,
        around as around,
    )
    from regions.questions.vnnlib import read_vnnlib as read_vnnlib
    from regions.results.laws.c_source import save_c as save_c
    from regions.results.laws.law import (
        PiecewiseLaw as PiecewiseLaw,
        piecewise_law as piecewise_law,
    )
    from regions.results.merging import LinearRegions as LinearRegions
    from regions.results.region_set import (
        RegionCount as RegionCount,
        RegionSet as RegionSet,
    )
    from regions.simplification.simplify import simplify as simplify
    from regions.topology.definitions import count_by_definition as count_by_definition
    from regions.topology.persistence import (
        Persistence as Persistence,
        output_persistence as output_persistence,
    )
    from regions.topology.topology import (
        Topology as Topology,
        betti_numbers as betti_numbers,
        topology_of as topology_of,
    )

_MODULES = {
    "certificates": ["VerificationReport", "verify"],
    "domains.shapes": [
        "Ball",
        "Box",
        "HPolytope",
        "Segment",
        "Simplex",
        "Slice",
        "WholeSpace",
    ],
    "enumeration": ["count_regions", "enumerate_regions"],
    "enumeration.many": ["count_many"],
    "enumeration.restriction.polynomial": [
        "CharacteristicPolynomial",
        "characteristic_polynomial",
    ],
    "enumeration.walk.facet_flips": ["explore_regions"],
    "errors": [
        "EmptyPolyhedronError",
        "FileFormatError",
        "LimitError",
        "ModelError",
        "NotGenericError",
        "RegionsError",
        "SolverError",
        "UndecidedError",
    ],
    "estimates.estimate": ["estimate_regions"],
    "estimates.result": ["RegionEstimate"],
    "grid.hash_grid": ["GridCount", "hash_grid"],
    "io": ["load_network", "save_network"],
    "io.pytorch_writer": ["to_torch"],
    "errors.limits": ["limited"],
    "polytopes.meeting": ["Meeting", "regions_meeting_at"],
    "partition.linear_regions": ["count_linear_regions"],
    "results.merging": ["LinearRegions"],
    "network": ["Layer", "ReluNetwork"],
    "partition.paths": ["regions_between", "save_graph", "shortest_path"],
    "polytopes.polytope": ["Polytope", "polytope_at"],
    "polytopes.report": ["PolytopeReport", "describe_polytope"],
    "questions.answer": ["Answer", "Interval"],
    "questions.class_means": ["mean_by_class"],
    "questions.equality": ["are_equal"],
    "questions.holding": ["holds"],
    "questions.integrals": ["integral", "moments"],
    "questions.lipschitz": ["lipschitz"],
    "questions.mixed_integer": ["mixed_integer_program"],
    "questions.preimages": ["Preimage", "preimage"],
    "questions.properties": ["Property"],
    "questions.radius": ["robust_radius"],
    "questions.ranges": ["largest_difference", "output_range"],
    "questions.surroundings": ["Surroundings", "around"],
    "questions.vnnlib": ["read_vnnlib"],
    "results.laws.c_source": ["save_c"],
    "results.laws.law": ["PiecewiseLaw", "piecewise_law"],
    "results.region_set": ["RegionCount", "RegionSet"],
    "hash_tables.hash_table": ["HashTable", "hash_table"],
    "models.maxout": ["maxout_network"],
    "models": ["as_network"],
    "models.flax_models": ["from_flax"],
    "models.jax_programs": ["from_jax"],
    "models.keras_models": ["from_keras"],
    "models.sklearn_models": ["from_sklearn"],
    "models.torch_modules": ["from_torch"],
    "partition.region_shape": ["MeanSize", "mean_inradius"],
    "partition.class_polygons": ["ClassPolygons", "class_polygons"],
    "partition.decision_regions": ["DecisionRegions", "decision_regions"],
    "estimates.recording": ["RegionRecorder"],
    "simplification.simplify": ["simplify"],
    "topology.definitions": ["count_by_definition"],
    "topology.persistence": ["Persistence", "output_persistence"],
    "topology.topology": ["Topology", "betti_numbers", "topology_of"],
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'regions' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"regions.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
