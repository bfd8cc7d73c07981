"""The options that choose how fast a backtest runs, and why the plan that runs was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from genesis_core.cli.shell import UsageError


@dataclass(frozen=True)
class Speed:
    """How fast a user wants it; every choice gives the same bits.

    Parameters
    ----------
    reference, fast_window, precompute_features, compiled : bool
        The options that were given.
    feature_cache : int or None
        Entries of a feature cache; None for none.
    opt_in : bool
        Whether no option means the reference rather than the fastest path.
    """

    reference: bool = False
    fast_window: bool = False
    precompute_features: bool = False
    compiled: bool = False
    feature_cache: int | None = None
    opt_in: bool = False

    def flags(self) -> dict[str, bool]:
        """Return the engine's flags.

        Raises
        ------
        UsageError
            For ``--reference`` beside an acceleration.
        """
        asked = self._asked()
        if self.reference and asked:
            raise UsageError(f"--reference and {' and '.join(asked)} contradict each other; give one")
        flags = {
            "fast_window": self.fast_window,
            "precompute_features": self.precompute_features,
            "compiled": self.compiled,
        }
        if not (self.reference or self.opt_in or asked):
            # The compiled run asks for no single vector: a cache is of use on the next path only.
            flags["compiled" if self.feature_cache is None else "precompute_features"] = True
        return flags

    def why(self) -> str:
        """Say why this plan runs."""
        from genesis_core.backtesting.plan import CACHE_UNUSED, PRECEDENCE

        asked = self._asked()
        ranked = [option for flag, _ in PRECEDENCE if (option := f"--{flag.replace('_', '-')}") in asked]
        if len(ranked) > 1:
            reason = f"{ranked[0]} goes before {' and '.join(ranked[1:])}"
        elif ranked:
            reason = ranked[0]
        elif self.reference:
            reason = "--reference"
        elif self.opt_in:
            reason = "no acceleration asked for: the baseline"
        elif self.feature_cache is not None:
            reason = "the fastest path that a feature cache can stand before"
        else:
            reason = "the fastest, by default"
        if self.compiled and self.feature_cache is not None:
            reason += CACHE_UNUSED
        return reason

    def _asked(self) -> list[str]:
        given = (
            ("--fast-window", self.fast_window),
            ("--precompute-features", self.precompute_features),
            ("--compiled", self.compiled),
        )
        return [name for name, on in given if on]
