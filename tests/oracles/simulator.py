"""A plain simulator of one position: candidates become entries, entries become fills, fills become cash.

The reasons have the engine's names, so that bars can be compared one by one. A position keeps only what its entry
fixed; its stops are looked up anew at every bar, from all bars since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.oracles.bars import Bars
from tests.oracles.decision import AsOf, Settings, Side, Signal, candidate, size


@dataclass(frozen=True)
class Fill:
    """One execution: `raw` before slippage, `price` after it, `cash` what it changed the account by."""

    bar: int
    reason: str
    side: Side
    raw: float
    price: float
    units: float
    fee: float
    cash: float
    decided: int


@dataclass(frozen=True)
class Entry:
    """An accepted decision: what it orders, and what it fixes for the position's life."""

    side: Side
    amount: float
    decided: int
    confidence: float
    regime: str
    zone: str
    stop: float
    target: float
    trailing: float
    levels: tuple[float, ...]


@dataclass
class Position:
    """What is held. `raw` and `price` are those of the entry, `parts` how many have been taken off."""

    entry: Entry
    bar: int
    raw: float
    price: float
    units: float
    left: float
    parts: int = 0

    @property
    def up(self) -> bool:
        """Whether it earns when prices rise."""
        return self.entry.side == "long"

    def better(self, one: float, other: float) -> bool:
        """Whether the first price is better for us than the second."""
        return one > other if self.up else one < other

    def at_least(self, price: float, level: float | None) -> bool:
        """Whether a price is as good for us as a level, or better."""
        return level is not None and not self.better(level, price)

    def at_most(self, price: float, level: float | None) -> bool:
        """Whether a price is as bad for us as a level, or worse."""
        return level is not None and not self.better(price, level)

    def away(self, price: float, distance: float, *, for_us: bool) -> float | None:
        """Return the price at a distance; None without one, and where there is no such price."""
        if distance == 0.0:
            return None
        level = price + distance if self.up == for_us else price - distance
        return level if level > 0.0 else None

    @property
    def stop(self) -> float | None:
        """The stop: as placed, at the entry price after the first part, at the first level after the second."""
        reached = [self.away(self.price, self.entry.stop, for_us=False)]
        if self.parts > 0:
            reached += [self.price, *self.entry.levels[: self.parts - 1]]
        placed = [level for level in reached if level is not None]
        if not placed:
            return None
        return max(placed) if self.up else min(placed)

    @property
    def target(self) -> float | None:
        """The target, fixed at the entry."""
        return self.away(self.price, self.entry.target, for_us=True)

    def trail(self, bests: Sequence[float]) -> float | None:
        """Return the trailing stop behind the best of the entry and the given prices."""
        best = max([self.raw, *bests]) if self.up else min([self.raw, *bests])
        return self.away(best, self.entry.trailing, for_us=False)

    @property
    def next_level(self) -> float | None:
        """The level at which the next part is taken off."""
        return self.entry.levels[self.parts] if self.parts < len(self.entry.levels) else None


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
    opened
        Each position as it was entered.
    final
        Cash after the liquidation.
    """

    equity: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    opened: list[Position] = field(default_factory=list)
    final: float = 0.0

    @property
    def kinds(self) -> list[str]:
        """What each execution did: ``entry``, ``partial``, ``exit`` or ``final_close``."""
        made = []
        for i, fill in enumerate(self.fills):
            if fill.reason in ("entry", "final_close"):
                made.append(fill.reason)
            else:
                last = i + 1 == len(self.fills) or self.fills[i + 1].reason == "entry"
                made.append("exit" if last else "partial")
        return made


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
        signed = self.position.left if self.position.up else -self.position.left
        return self.cash + signed * price

    def enter(self, bar: int, entry: Entry, raw: float) -> None:
        """Buy or sell short at `raw` before slippage: for a worth, or so many base units."""
        price = self._slipped(raw, buying=entry.side == "long")
        units = entry.amount if self.settings.in_units else entry.amount / price
        self._book(bar, "entry", entry.side, raw, units, entry.decided, buying=entry.side == "long")
        self.position = Position(entry, bar, raw, price, units, units)
        self.simulation.opened.append(replace(self.position))

    def leave(self, bar: int, reason: str, raw: float, decided: int) -> None:
        """Close what is left of the position."""
        assert self.position is not None
        self._reduce(bar, reason, raw, self.position.left, decided)
        self.position = None

    def take_part(self, bar: int, raw: float, decided: int) -> None:
        """Take the next part off: that share of the units entered, all that is left where the parts are the whole."""
        held = self.position
        assert held is not None
        shares = self.settings.exits.partials[: held.parts + 1]
        held.parts += 1
        reason = f"partial_{held.parts}"
        if sum(shares) >= 1.0:
            self.leave(bar, reason, raw, decided)
            return
        units = shares[-1] * held.units
        self._reduce(bar, reason, raw, units, decided)
        held.left -= units

    def _reduce(self, bar: int, reason: str, raw: float, units: float, decided: int) -> None:
        assert self.position is not None
        side = self.position.entry.side
        self._book(bar, reason, side, raw, units, decided, buying=side == "short")

    def _slipped(self, price: float, *, buying: bool) -> float:
        return price * (1.0 + self.settings.slippage if buying else 1.0 - self.settings.slippage)

    def _book(
        self, bar: int, reason: str, side: Side, raw: float, units: float, decided: int, *, buying: bool
    ) -> None:
        price = self._slipped(raw, buying=buying)
        notional = units * price
        fee = notional * self.settings.fee
        change = (-notional if buying else notional) - fee
        self.cash += change
        self.simulation.fills.append(Fill(bar, reason, side, raw, price, units, fee, change, decided))


@dataclass
class Orders:
    """What was decided as of one close, to be carried out in this order."""

    parts: int = 0
    leave: str | None = None
    entry: Entry | None = None


class Trader:
    """One run: the account, and what decisions remember."""

    def __init__(self, bars: Bars, seen: Sequence[AsOf | None], settings: Settings) -> None:
        self.bars, self.seen, self.settings = bars, seen, settings
        self.simulation = Simulation()
        self.account = Account(settings, self.simulation)
        self.candidates: list[Side | None] = []
        self.accepted: Side | None = None

    def run(self) -> Simulation:
        """Run the whole series."""
        bars, account = self.bars, self.account
        at_close = self.settings.fill == "close"
        orders = Orders()
        for t in range(len(bars)):
            self._carry_out(t, orders, bars.open[t])
            if account.position is not None and not self.settings.exits.on_close:
                self._inside(t)
            orders, reason = self._decide(t)
            if at_close:
                self._carry_out(t, orders, bars.close[t])
                orders = Orders()
            self.simulation.reasons.append(reason)
            self.simulation.equity.append(account.equity(bars.close[t]))
        if account.position is not None:
            account.leave(len(bars) - 1, "final_close", bars.close[-1], len(bars) - 1)
        self.simulation.final = account.cash
        return self.simulation

    def _carry_out(self, t: int, orders: Orders, price: float) -> None:
        decided = t if self.settings.fill == "close" else t - 1
        for _ in range(orders.parts):
            if self.account.position is not None:
                self.account.take_part(t, price, decided)
        if self.account.position is not None and (orders.leave or orders.entry):
            self.account.leave(t, orders.leave or "reversal", price, decided)
        if orders.entry is not None:
            self.account.enter(t, orders.entry, price)

    def _since(self, held: Position, t: int) -> range:
        """Return the bars before `t` whose prices the position has seen; at the close, its entry's bar is over."""
        return range(held.bar + (self.settings.fill == "close"), t)

    def _inside(self, t: int) -> None:
        """Test stops and targets inside bar `t`, the worst case first."""
        held = self.account.position
        assert held is not None
        bars = self.bars
        opened = bars.open[t]
        worst, best = (bars.low[t], bars.high[t]) if held.up else (bars.high[t], bars.low[t])
        prices = bars.high if held.up else bars.low
        trail = held.trail([prices[i] for i in self._since(held, t)])
        stop = held.stop

        def at(level: float | None) -> float:
            """Return a price in our favour: the open where that is beyond it already."""
            assert level is not None
            return opened if held.at_least(opened, level) else level

        if held.at_most(opened, stop) or held.at_most(opened, trail):
            self.account.leave(t, "stop_gap", opened, t)
        elif stop is not None and held.at_most(worst, stop):
            self.account.leave(t, "stop", stop, t)
        elif held.at_least(best, held.target):
            self.account.leave(t, "target", at(held.target), t)
        else:
            while self.account.position is not None and held.at_least(best, held.next_level):
                self.account.take_part(t, at(held.next_level), t)
            if self.account.position is not None and trail is not None and held.at_most(worst, trail):
                self.account.leave(t, "trailing_stop", trail, t)

    def _decide(self, t: int) -> tuple[Orders, str]:
        """Decide as of the close of bar `t`, and say what became of it."""
        seen = self.seen[t]
        orders = Orders()
        if seen is None:
            self.candidates.append(None)
            return orders, "WARMUP"
        held = self.account.position
        if held is not None:
            self._exits(t, held, seen, orders)
        fills = self.simulation.fills
        entries = [fill for fill in fills if fill.reason == "entry"]
        side, reason, confidence = candidate(self.settings, seen, entries[-1].side if entries else None)
        self.candidates.append(side)
        if side is None:
            return orders, reason

        # 10. Hysteresis: this many bars in a row with this candidate, unless it is the side accepted last.
        if side != self.accepted and self._run_length() < self.settings.hysteresis:
            return orders, "HYSTERESIS"
        # 11. Cooldown, counted from the bar of the last entry's fill.
        if entries and t - entries[-1].bar < self.settings.cooldown:
            return orders, "COOLDOWN"
        self.accepted = side
        if held is not None and held.entry.side == side:
            return orders, "IN_POSITION"

        # 12. Size, of the equity marked at this close.
        equity = self.account.equity(self.bars.close[t])
        if equity <= 0.0:
            return orders, "NO_EQUITY"
        peak = max([self.settings.cash, *self.simulation.equity])
        amount = size(self.settings, seen, confidence, equity, peak)
        if amount == 0.0:
            return orders, "NO_SIZE"
        if self.settings.fill == "next_open" and t + 1 == len(self.bars):
            return orders, "NO_NEXT_BAR"
        orders.entry = self._entry(
            t, side, amount if self.settings.in_units else amount * equity, confidence, seen
        )
        return orders, "ENTRY"

    def _run_length(self) -> int:
        last = self.candidates[-1]
        other = [i for i, side in enumerate(self.candidates) if side != last]
        return len(self.candidates) - (other[-1] + 1 if other else 0)

    def _entry(self, t: int, side: Side, amount: float, confidence: float, seen: AsOf) -> Entry:
        exits = self.settings.exits
        unit = seen.atr if exits.in_atr else self.bars.close[t]
        levels = (seen.above if side == "long" else seen.below)[: len(exits.partials)]
        distances = exits.stop * unit, exits.target * unit, exits.trailing * unit
        return Entry(side, amount, t, confidence, seen.regime, seen.zone, *distances, levels)

    def _exits(self, t: int, held: Position, seen: AsOf, orders: Orders) -> None:
        """Say what a held position is to be left for as of this close, the first that applies."""
        exits, close = self.settings.exits, self.bars.close[t]
        if exits.on_close:
            trail = held.trail([self.bars.close[i] for i in self._since(held, t)])
            if held.at_most(close, held.stop):
                orders.leave = "stop"
                return
            if held.at_least(close, held.target):
                orders.leave = "target"
                return
            orders.parts = sum(held.at_least(close, level) for level in held.entry.levels[held.parts :])
            if held.at_most(close, trail):
                orders.leave = "trailing_stop"
                return
        if exits.max_bars and t - held.bar >= exits.max_bars:
            orders.leave = "max_hold"
        elif self._sure(held, seen) < exits.confidence_below:
            orders.leave = "confidence_drop"
        elif exits.regime_flip and self._flipped(t, held):
            orders.leave = "regime_flip"
        elif isinstance(seen.said, Signal) and seen.said.leave:
            orders.leave = "exit_signal"

    def _sure(self, held: Position, seen: AsOf) -> float:
        """Return the confidence in the side held; a signal that does not name it says nothing about it."""
        if isinstance(seen.said, Signal):
            return (seen.said.confidence if seen.said.side == held.entry.side else 1.0) * seen.quality
        return seen.said[0 if held.up else 1] * seen.quality

    def _flipped(self, t: int, held: Position) -> bool:
        """Return whether the regime is against the position now, and was not a bar before."""
        against = "bear" if held.up else "bull"
        now, before = self.seen[t], self.seen[t - 1]
        assert now is not None
        assert before is not None
        return now.regime == against != before.regime


def simulate(bars: Bars, seen: Sequence[AsOf | None], settings: Settings) -> Simulation:
    """Run the whole series.

    Parameters
    ----------
    bars
        The series.
    seen
        What is known at each bar's close; None while an input of the decision is not valid.
    settings
        What to do with it.
    """
    return Trader(bars, seen, settings).run()
