"""Verdicts about single rows that the record keeps, so that a change of one is seen."""

from __future__ import annotations

from collections.abc import Callable

from ..audit.claims import ledger
from ..audit.table import audit_tables
from ..tables.load import Tables


def _claims(tables: Tables) -> dict[str, str]:
    """Claim -> its verdict against the evidence."""
    found = ledger(tables)
    return dict(zip(found["claim_id"], found["verdict"], strict=True))


def _audit(tables: Tables) -> dict[str, str]:
    """Check and subject -> what the audit of the tables found."""
    return {f"{one.check}, {one.subject}": one.verdict for one in audit_tables(tables)}


FINDINGS: dict[str, Callable[[Tables], dict[str, str]]] = {
    "claim": _claims,
    "audit": _audit,
}
"""Every audit whose verdicts the record keeps: name -> tables -> subject -> verdict."""
