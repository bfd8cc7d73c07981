"""Features: sets of them as a graph of kernels, and the execution paths that run it."""

from genesis_core.features.cache import FeatureCache
from genesis_core.features.columns import compute_columns, interpret_columns
from genesis_core.features.defaults import Feature
from genesis_core.features.graph import node, source
from genesis_core.features.paths import FeaturePath, features_asof, make_path
from genesis_core.features.run import FeatureRun, run_features
from genesis_core.features.sets import DEFAULT, FeatureSet
from genesis_core.features.vector import FeatureVector

__all__ = [
    "DEFAULT",
    "Feature",
    "FeatureCache",
    "FeaturePath",
    "FeatureRun",
    "FeatureSet",
    "FeatureVector",
    "compute_columns",
    "features_asof",
    "interpret_columns",
    "make_path",
    "node",
    "run_features",
    "source",
]
