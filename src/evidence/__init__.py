"""Evidence synthesis of rates: checked tables, rates, pooled answers, forest plots, report.

Everything a notebook needs is importable from here; each name is loaded when it is first used, so
that the command line answers at once.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "Model": "pooling.model",
    "Synthesis": "pooling.model",
    "pool": "pooling.model",
    "study_rates": "rates",
    "DataError": "errors",
    "EvidenceError": "errors",
    "SynthesisError": "errors",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'evidence' has no attribute {name!r}")
    return getattr(import_module(f"evidence.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
