"""How sturdy an answer is: what every check says, its figures drawn once for page and downloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes

from ..plots.checks import check_figures
from ..plots.export import svg_text
from ..questions import Answer
from ..sensitivity.check import Check
from ..sensitivity.register import sturdiness
from ..tables.load import Tables

OPEN = ("leave_one_out", "multiverse")
"""Figures that the page shows at once; the others open when asked for."""


TABLED = ("small_study", "imprecision")
"""Checks whose table the page shows beside the figure, which does not hold all of it."""
UNTOLD = ("test", "source")
"""Columns of those tables that the page leaves to the check itself."""

TITLES = {
    "leave_one_out": "Leave-one-out",
    "baujat": "Heterogeneity and influence (Baujat)",
    "gosh": "All subsets (GOSH)",
    "cumulative": "Cumulative answers",
    "small_study": "Small-study effects",
    "adjusted": "Adjusted for small-study effects",
    "multiverse": "Every defensible analysis",
    "risk_of_bias_summary": "Risk of bias by domain",
}
"""What the page calls a check or figure whose own name says too little."""


@dataclass(frozen=True, eq=False)
class Sturdy:
    """What the report says of how sturdy an answer is.

    Attributes:
        checks: every check by name; none where `why` says the reason.
        figures: their figures by the names of their files, without the question.
        why: why nothing was checked; empty where it was.
    """

    checks: Mapping[str, Check]
    figures: Mapping[str, Axes]
    why: str = ""

    def said(self) -> list[dict[str, str]]:
        """Every check in words."""
        return [
            {"name": _title(name), "verdict": one.verdict, "text": one.text}
            for name, one in self.checks.items()
        ]

    def shown(self, key: str) -> list[dict[str, object]]:
        """The figures as elements of the page, in order."""
        return [
            {
                "file": f"{key}-{name.replace('_', '-')}",
                "name": _title(name),
                "open": name in OPEN,
                "picture": Markup(svg_text(drawn, salt=f"{name}-{key}")),  # made and escaped by us
                "table": self._table(name),
            }
            for name, drawn in self.figures.items()
        ]

    def _table(self, name: str) -> list[list[str]]:
        """Header and rows of a check's table, without what is blank; none where it is not shown."""
        if name not in TABLED or self.checks[name].table.empty:
            return []
        table = self.checks[name].printed().drop(columns=list(UNTOLD), errors="ignore")
        table = table.loc[:, (table != "").any()]
        return [[str(one) for one in table.columns], *table.astype(str).to_numpy().tolist()]


def sturdy(found: Answer, tables: Tables) -> Sturdy:
    """The checks of an answer that pools three cohorts or more; else why there are none."""
    pooled = found.synthesis
    if pooled.k < 3 or pooled.estimate is None:
        return Sturdy({}, {}, "Nothing to check: the answer does not pool three cohorts or more.")
    checks = sturdiness(found, tables)
    return Sturdy(checks, check_figures(checks, found, tables))


def _title(name: str) -> str:
    return TITLES.get(name, name.replace("_", " ").capitalize())
