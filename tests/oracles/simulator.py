"""A plain simulator of one position: candidates become entries, entries become fills, fills become cash.

The reasons have the engine's names, so that bars can be compared one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.oracles.bars import Bars
from tests.oracles.decision import Settings, Side, candidate, probabilities


@dataclass(frozen=True)
class Fill:
    """One execution: `price` after slippage, `cash` what it changed the account by."""

    bar: int
    kind: str
    side: Side
    price: float
    units: float
    fee: float
    cash: float


@dataclass
class Position:
    """What is held."""

    side: Side
    units: float
    bar: int


@dataclass
class Simulation:
    """Everything that happened.

    Attributes
    ----------
    equity
        Marked at each close, after the fills of that close.
    reasons
        What became of each bar's decision.
    fills
        Every execution, in order.
    final
        Cash after the liquidation.
    """

    equity: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    final: float = 0.0


class Account:
    """Cash and at most one position; every fill pays its fee and moves the price against us."""

    def __init__(self, settings: Settings, simulation: Simulation) -> None:
        self.settings = settings
        self.simulation = simulation
        self.cash = settings.cash
        self.position: Position | None = None

    def equity(self, price: float) -> float:
        """Return cash plus what the position is worth at `price`, fees of closing left out."""
        if self.position is None:
            return self.cash
        signed = self.position.units if self.position.side == "long" else -self.position.units
        return self.cash + signed * price

    def enter(self, bar: int, side: Side, price: float, notional: float) -> None:
        """Buy or sell short for `notional` at `price` before slippage."""
        paid = self._slipped(price, buying=side == "long")
        units = notional / paid
        self._book(bar, "entry", side, paid, units, buying=side == "long")
        self.position = Position(side, units, bar)

    def leave(self, bar: int, kind: str, price: float) -> None:
        """Close the whole position at `price` before slippage."""
        assert self.position is not None
        held = self.position
        buying = held.side == "short"
        self._book(bar, kind, held.side, self._slipped(price, buying=buying), held.units, buying=buying)
        self.position = None

    def _slipped(self, price: float, *, buying: bool) -> float:
        return price * (1.0 + self.settings.slippage if buying else 1.0 - self.settings.slippage)

    def _book(self, bar: int, kind: str, side: Side, price: float, units: float, *, buying: bool) -> None:
        notional = units * price
        fee = notional * self.settings.fee
        change = (-notional if buying else notional) - fee
        self.cash += change
        self.simulation.fills.append(Fill(bar, kind, side, price, units, fee, change))


def simulate(
    bars: Bars,
    rows: Sequence[Sequence[float] | None],
    regimes: Sequence[str],
    quality: Sequence[float],
    settings: Settings,
) -> Simulation:
    """Run the whole series.

    Parameters
    ----------
    bars
        The series.
    rows
        The model's features of each bar in its order; None while one of them is not valid.
    regimes, quality
        Context values of each bar.
    settings
        What to do with them.
    """
    simulation = Simulation()
    account = Account(settings, simulation)
    accepted_side: Side | None = None
    held_last: Side | None = None
    run_side: Side | None = None
    run = 0
    last_entry: int | None = None
    pending: tuple[Side, float] | None = None

    def fill(bar: int, side: Side, notional: float, price: float) -> None:
        nonlocal last_entry, held_last
        if account.position is not None:
            account.leave(bar, "exit", price)
        account.enter(bar, side, price, notional)
        last_entry, held_last = bar, side

    def decide(t: int) -> str:
        """Decide as of the close of bar `t`, and say what became of it."""
        nonlocal accepted_side, run_side, run, pending
        row = rows[t]
        if row is None:
            return "WARMUP"
        p_buy, p_sell = probabilities(settings, row, regimes[t])
        side, reason = candidate(settings, p_buy, p_sell, regimes[t], quality[t], held_last)
        if side is None:
            run_side, run = None, 0
            return reason

        # 10. Hysteresis: this many bars in a row with this candidate, unless it is the side taken last.
        run = run + 1 if side == run_side else 1
        run_side = side
        if side != accepted_side and run < settings.hysteresis:
            return "HYSTERESIS"
        # 11. Cooldown, counted from the bar of the last entry's fill.
        if last_entry is not None and t - last_entry < settings.cooldown:
            return "COOLDOWN"
        accepted_side = side
        if account.position is not None and account.position.side == side:
            return "IN_POSITION"
        if settings.fill == "next_open" and t + 1 == len(bars):
            return "NO_NEXT_BAR"

        # 12. Size: a fraction of the equity marked at this close.
        equity = account.equity(bars.close[t])
        if equity <= 0.0:
            return "NO_EQUITY"
        if settings.fill == "close":
            fill(t, side, settings.fraction * equity, bars.close[t])
        else:
            pending = side, settings.fraction * equity
        return "ENTRY"

    for t in range(len(bars)):
        if pending is not None:
            fill(t, *pending, bars.open[t])
            pending = None
        simulation.reasons.append(decide(t))
        simulation.equity.append(account.equity(bars.close[t]))

    if account.position is not None:
        account.leave(len(bars) - 1, "final_close", bars.close[-1])
    simulation.final = account.cash
    return simulation
