"""The model of a strategy over whole columns, compiled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genesis_core.compiler.run import compiled_model
from genesis_core.kernels.trading.model import WEIGHTS
from genesis_core.strategy import Config
from genesis_core.strategy.encode import model_vector

Column = NDArray[np.float64]


class ModelColumns:
    """The model over columns: the same terms in the same order as bar by bar.

    Parameters
    ----------
    config : Config
        A strategy with a model.
    """

    def __init__(self, config: Config) -> None:
        self._m = np.array(model_vector(config))
        self._inputs = len(config.feature_set)
        self._add, self._add_five, self._finish = compiled_model()

    def columns(
        self, features: Sequence[Column], regime: Column, stride: int, bars: int
    ) -> tuple[Column, Column]:
        """Return the probabilities of buy and sell of a block."""
        m, inputs = self._m, self._inputs
        scores = []
        for bias in (WEIGHTS, WEIGHTS + 1 + inputs):
            z = np.full(bars, m[bias])
            fives = inputs - inputs % 5
            for i in range(0, fives, 5):
                self._add_five(z, m, bias + 1 + i, *features[i : i + 5], bars)
            for i in range(fives, inputs):
                self._add(z, m[bias + 1 + i], features[i], bars)
            scores.append(z)
        buy, sell = scores
        self._finish(m, buy, sell, regime, stride, bars)
        return buy, sell
