"""Benchmarks of the engine, results checked first: ``python -m benchmarks --out benchmarks/results``."""
