"""The proof that all execution paths give the same bits, on every bar, machine, Python and NumPy."""
