"""Random functions of the kernel language give the same bits interpreted and compiled."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest

from genesis_core.kernels.language import check
from tests.unit.language_cases import Define


class Writer:
    """Writes a random function of the language: every construct, values kept small and finite."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []

    def text(self) -> str:
        self.block(1, 3, 5)
        head = "def f(s: Vector, x: float, y: float, z: float, i: int, j: int, b: bool)"
        head += " -> tuple[float, int, bool]:"
        return "\n".join(
            ["import math", "Vector = list", head, *self.lines, "    return x + y * z + s[0], i + j, b"]
        )

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def number(self, depth: int) -> str:
        if depth == 0:
            return self.pick(
                "x", "y", "z", "s[0]", "s[1]", "s[i & 3]", "0.1", "-2.5", "1e-3", "float(j)", "-0.0"
            )
        a, b = self.number(depth - 1), self.number(depth - 1)
        name = self.pick("x", "y", "z", "s[2]")
        return self.pick(
            f"({a} {self.pick('+', '-', '*')} {b})",
            f"({a} / {name} if {self.pick(f'{name} > 0.0', f'{name} != 0.0', f'0.25 < {name}')} else {b})",
            f"({a} / (1.0 + abs({b})))",
            f"math.sqrt(abs({a}))",
            f"-{name}",
            f"({a} if {self.truth(depth - 1)} else {b})",
            f"float({self.whole(depth - 1)})",
        )

    def whole(self, depth: int) -> str:
        if depth == 0:
            return self.pick("i", "j", "3", "math.floor(x)", "int(y)", "-7", "math.floor(-z)")
        a, b = self.whole(depth - 1), self.whole(depth - 1)
        operation = self.pick("+ 5", "- 9", "* 3", "// 4", "% 7", "& 6", "| 9", "^ 12", "<< 2", ">> 1")
        return self.pick(
            f"({a} {operation})", f"({a} + {b})", f"abs({a})", f"({a} if {self.truth(0)} else {b})", "-i"
        )

    def truth(self, depth: int) -> str:
        compare = self.pick("<", "<=", ">", ">=", "==", "!=")
        simple = self.pick(
            "b", f"{self.number(0)} {compare} {self.number(0)}", f"{self.whole(0)} {compare} j"
        )
        if depth == 0:
            return simple
        return self.pick(
            f"({simple} and {self.truth(depth - 1)})", f"(not b or {self.truth(0)})", "-1.0 < x <= y"
        )

    def block(self, level: int, depth: int, length: int) -> None:
        pad = "    " * level
        for _ in range(length):
            kind = self.pick("x", "y", "z", "s[0]", "s[j & 3]", "i", "j", "b", "if", "for", "while")
            if kind in "ij":
                self.lines.append(f"{pad}{kind} = ({self.whole(depth)}) % 64 - 32")
            elif kind == "b":
                self.lines.append(f"{pad}b = {self.truth(depth)}")
            elif kind in ("if", "for", "while") and level < 3:
                test = {
                    "for": f"for k{level} in range(1, i & 7, 2)",
                    "if": f"if {self.truth(2)}",
                    "while": "while x < -4.0",
                }
                self.lines.append(f"{pad}{test[kind]}:")
                self.block(level + 1, depth - 1, 2)
                if kind == "while":
                    self.lines.append(f"{pad}    x = abs(x) * 0.5")
                elif kind == "if":
                    self.lines.append(f"{pad}else:")
                    self.block(level + 1, depth - 1, 2)
            elif kind not in ("if", "for", "while"):
                self.lines.append(f"{pad}v{level} = {self.number(depth)}")
                self.lines.append(f"{pad}{kind} = v{level} if abs(v{level}) < 1e4 else 0.5")


def bits(values: tuple[Any, ...], state: Any) -> bytes:
    x, i, b = values
    return struct.pack("<dq?4d", x, i, b, *state)


@pytest.mark.parametrize("seed", range(6))
def test_a_random_function_of_the_language_gives_the_same_bits_interpreted_and_compiled(
    define: Define, seed: int
) -> None:
    numba = pytest.importorskip("numba")
    np = pytest.importorskip("numpy")
    function = define(Writer(seed).text(), header="")
    assert check(function) == []
    compiled = numba.njit(error_model="numpy")(function)
    draw = random.Random(seed)
    floats = [0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, -5e-324, 1e-300, 3.0, 1e4]
    seen = set()
    for _ in range(1500):
        x, y, z, *state = (
            draw.choice(floats) if draw.random() < 0.4 else draw.gauss(0.0, 9.0) for _ in range(7)
        )
        others = (x, y, z, draw.randrange(-32, 33), draw.randrange(-32, 33), draw.random() < 0.5)
        array = np.array(state)
        expected = bits(function(state, *others), state)
        assert bits(compiled(array, *others), array) == expected, others
        seen.add(expected)
    assert len(seen) > 100
