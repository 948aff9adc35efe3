"""Small-study effects: several tests, those that fit the measure first, and no verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SynthesisError
from ..formatting import plural
from ..pooling.model import Synthesis
from .asymmetry import Rank, Regression
from .asymmetry_tests import STERNE, Sample, Test, advice, chosen_tests, sample_of
from .check import NOTHING_STATED, Check, Stated, need_studies

COLUMNS = (
    "test", "fits", "predictor", "statistic", "df", "p", "slope", "estimate", "low", "high", "note",
    "source",
)  # fmt: skip
LEAST = 10
"""Studies below which the tests are refused (Sterne et al. 2011, doi 10.1136/bmj.d4002)."""

NOT_BUILT = {
    "LFK index": "its false-positive rate depends on the number of studies, up to almost 30% "
    "(Schwarzer, Rücker and Semaca 2024, doi 10.1002/jrsm.1714)",
    "fail-safe N": "it asks how many null results would undo a p-value, and says nothing of the "
    "size of an effect (Becker 2005, in Publication Bias in Meta-Analysis, chapter 7)",
    "test of excess significance": "it takes every study to estimate one and the same effect, and "
    "differences between studies look like an excess (Ioannidis and Trikalinos 2007, doi "
    "10.1177/1740774507079441)",
}
"""What is not done, and why."""
NOT_FOR_RATES = {
    "selection by p-value": "a model of which p-values get published needs a hypothesis that the "
    "studies tested; a rate, or a mean, has none (Vevea and Hedges 1995, doi 10.1007/BF02294384)",
    "tests of two arms": "those of Harbord, Deeks, Macaskill, Schwarzer and Pustejovsky and "
    "Rodgers compare two arms; the test with the sample size takes their place",
}
"""What is not done for rates and means, beside that."""


def small_study(synthesis: Synthesis, stated: Stated = NOTHING_STATED) -> Check:
    """Regression and rank tests of small-study effects; never a verdict.

    Which of them run for a measure, and which are fit for it, stands in the register `TESTS`.
    """
    need_studies(synthesis, 3, "tests of small-study effects")
    if synthesis.k < LEAST and not stated.few_anyway:
        return refused("small_study", synthesis)
    sample, measure = sample_of(synthesis), synthesis.measure
    rows = [
        {"test": key, "fits": measure.key in test.fits, "predictor": test.label,
         **_figures(synthesis, test, sample), "source": test.source}
        for key, test in chosen_tests(measure).items()
    ]  # fmt: skip
    left_out = NOT_BUILT if measure.compares else NOT_BUILT | NOT_FOR_RATES
    return Check(
        name="small_study",
        verdict="No verdict: several tests, none of which can tell small-study effects from "
        "differences between studies; below ten studies they are refused",
        table=pd.DataFrame(rows).reindex(columns=list(COLUMNS)),
        text=f"{advice(measure)} `fits`: the predictor is free of the effect itself. `estimate` is "
        "the answer where the predictor is zero: that of a study of unbounded size. Not built: "
        + "; ".join(f"{name}: {why}" for name, why in left_out.items())
        + ".",
        scale=measure.scale,
    )


def _figures(synthesis: Synthesis, test: Test, sample: Sample) -> dict[str, object]:
    """What a test finds, or in `note` why it cannot be done."""
    try:
        found = test.run(sample)
    except SynthesisError as error:
        return {"note": str(error)}
    if isinstance(found, Rank):
        return {"statistic": found.tau, "p": found.p, "note": ""}
    said: dict[str, object] = {
        "statistic": found.statistic,
        "df": None if np.isinf(found.df) else found.df,
        "p": found.p,
        "slope": found.slope,
    }
    return said | (_limit(synthesis, found) if test.limit else {}) | {"note": ""}


def _limit(synthesis: Synthesis, found: Regression) -> dict[str, object]:
    """The answer at predictor zero, on the reading scale."""
    limits = np.array([found.limit, found.limit_low, found.limit_high])
    read = synthesis.measure.scale.inverse(limits)
    return dict(zip(("estimate", "low", "high"), map(float, read), strict=True))


def refused(name: str, synthesis: Synthesis) -> Check:
    """What stands in place of a test that has too few studies."""
    return Check(
        name=name,
        verdict=f"No verdict: refused, because {plural(synthesis.k, 'study')} cannot show it: ten "
        f"are the least ({STERNE})",
        table=pd.DataFrame(),
        text="With fewer studies the tests find little that is there and much that is not. They "
        "are run when asked for: few_anyway, or --few-anyway on the command line.",
    )
