"""One shape for everything an audit finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pandas as pd

from ..errors import choose


@dataclass(frozen=True)
class Audit:
    """What one check found about one row, study, cohort or claim.

    Attributes:
        check: the check, a key of `evidence.audit.table.CHECKS`.
        subject: a row_id, a study_id, or the names of several rows joined by " and ".
        verdict: what was found, in a few words that are the same for every such finding.
        severity: a key of `SEVERITIES`.
        reason: the finding in a sentence.
        evidence: the arithmetic that decided it.
        acknowledged: a reviewer's note, where the finding was reviewed; it stays visible.
        reviewer: who reviewed it.
    """

    check: str
    subject: str
    verdict: str
    severity: str
    reason: str
    evidence: str = ""
    acknowledged: str = ""
    reviewer: str = ""

    def __post_init__(self) -> None:
        choose(SEVERITIES, self.severity, "severity")

    @property
    def must_change(self) -> bool:
        """Whether the data must be mended, or the finding acknowledged."""
        return self.severity == "error" and not self.acknowledged


def audit_frame(found: Iterable[Audit]) -> pd.DataFrame:
    """The findings as a frame, one row each, the gravest first.

    >>> one = Audit("percentage", "a.1", "agrees", "ok", "3 of 40 is 7.5%", "3/40 = 7.500%")
    >>> audit_frame([one])[["subject", "verdict"]].to_dict("records")
    [{'subject': 'a.1', 'verdict': 'agrees'}]
    """
    order = list(SEVERITIES)
    ranked = sorted(found, key=lambda one: (order.index(one.severity), one.check))
    return pd.DataFrame([asdict(one) for one in ranked], columns=list(Audit.__annotations__))


SEVERITIES = {
    "error": "the source contradicts itself, or the table does: mend it or acknowledge it",
    "warning": "may be right, but someone should look",
    "note": "harmless, or cannot be tested",
    "ok": "tested and consistent",
}
"""How grave a finding is, the gravest first."""
