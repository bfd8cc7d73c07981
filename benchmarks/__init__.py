"""Benchmarks of the engine: ``python -m benchmarks --out benchmarks/results`` runs all of them, results checked first."""
