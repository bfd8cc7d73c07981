"""The optimizer: a search's definition, its trials on record, their ranking, and the test on candles it did not see."""

from genesis_core.optimize.definition import Search
from genesis_core.optimize.optimizing import Optimized, optimize
from genesis_core.optimize.promoting import Promotion, promote
from genesis_core.optimize.summarizing import StudyReader, summarize
from genesis_core.optimize.summary import StudySummary

__all__ = [
    "Optimized",
    "Promotion",
    "Search",
    "StudyReader",
    "StudySummary",
    "optimize",
    "promote",
    "summarize",
]
