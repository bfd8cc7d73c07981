"""Tell LLVM that the arrays of a compiled loop do not overlap, so that a kernel's state can live in registers.

Numba has the flag but no option for it; a pipeline class may set it. Measured on Wilder's mean: 6.8 to 4.6 ns a bar.
It holds here by construction: state, parameters, outputs and ledger are arrays of their own, and inputs are only
read.
"""

from __future__ import annotations

from typing import Any

from numba.core.compiler import Compiler


class NoAliasCompiler(Compiler):
    """Numba's default compiler, with the promise that array arguments do not overlap."""

    def __init__(
        self,
        typingctx: Any,
        targetctx: Any,
        library: Any,
        args: Any,
        return_type: Any,
        flags: Any,
        locals: Any,  # Numba's name
    ) -> None:
        flags.noalias = True
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)
