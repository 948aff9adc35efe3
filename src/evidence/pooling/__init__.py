"""Pooled answers: numerics on arrays (tau2, mean), and the values that hold an answer (model)."""
