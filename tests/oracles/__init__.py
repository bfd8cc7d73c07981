"""Second formulas: what docs/law.md says, written again by definition, slowly, over whole arrays.

No oracle imports a kernel of the engine: one that shares code with what it checks agrees with any mistake.
"""
