"""Risk of bias: judgements in optional columns, and the answer of the studies that pass."""

from __future__ import annotations

import pandas as pd

from ..errors import SynthesisError
from ..formatting import plural
from ..pooling.model import Synthesis
from ..tables.checklists import CHECKLISTS, RULES, UNKNOWN, judgements, passing
from .check import NOTHING_STATED, Check, Stated, judged, near_rule, need_studies
from .influence import named
from .refit import refit


def risk_of_bias(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """The answer of the studies that pass each rule, where studies were judged."""
    need_studies(synthesis, 3, "risk of bias")
    found = judgements(synthesis.studies)
    if found.empty:
        return Check(
            name="risk_of_bias",
            verdict="No verdict: no study was judged, and what is not known is not guessed",
            table=pd.DataFrame(),
            text="Judgements are read from optional columns, such as "
            f"{', '.join(list(CHECKLISTS['jbi'].columns())[:2])} "
            f"({CHECKLISTS['jbi'].source}).",
        )
    rows, estimates, missing = [], [], []
    for rule in RULES:
        keep = passing(synthesis.studies, rule).to_numpy()
        if not keep.any():
            missing.append(f"{rule} (leaves 0 of {synthesis.k} studies)")
            continue
        figures = refit(synthesis, keep[None]).iloc[0]
        rows.append({"rule": rule, **figures.to_dict()})
        estimates.append(float(figures["estimate"]))
    held, by = near_rule(estimates, synthesis, stated)
    left = f" Not run: {'; '.join(missing)}." if missing else ""
    unknown = int((found["risk"] == UNKNOWN).sum())
    return Check(
        name="risk_of_bias",
        verdict=judged(held, f"keeping only the studies that pass a rule {by}")
        if rows
        else "No verdict: no study passes any rule",
        table=pd.DataFrame(rows),
        text=f"{plural(unknown, 'judgement')} of {len(found)} unknown.{left}",
    )


def bias_table(synthesis: Synthesis) -> pd.DataFrame:
    """Studies by domains, each cell a risk: what a traffic-light plot shows.

    Where several checklists are in use a domain is named with its checklist; a study that was not
    judged by one of them is unknown there.

    Raises:
        SynthesisError: no study was judged.
    """
    found = judgements(synthesis.studies)
    if found.empty:
        raise SynthesisError("no study was judged; give the studies columns such as jbi_frame")
    if len(set(found["checklist"])) > 1:
        found = found.assign(domain=found["checklist"] + " " + found["domain"])
    cells = found.pivot_table("risk", "place", "domain", aggfunc="first")
    cells = cells.reindex(index=range(synthesis.k), columns=found["domain"].unique())
    return pd.concat([named(synthesis), cells.fillna(UNKNOWN).rename_axis(None)], axis=1)
