"""Coverage and width of the intervals in every scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from .intervals import MEAN, MEDIAN, NESTED_SOURCES, NEW, SOURCES, Limits
from .scenarios import NESTED, SCENARIOS, Scenario, simulate

Array = NDArray[np.float64]
Row = dict[str, object]
SEED = 20_260


def study(scenario: Scenario, repeats: int, rng: np.random.Generator) -> list[Row]:
    """Coverage and mean width of every interval in one scenario.

    All methods see the same sets; those that take long see the first few of them.
    """
    sets = simulate(scenario, repeats, rng)
    sources = SOURCES if scenario.rows == 1 else NESTED_SOURCES
    return [
        vars(scenario) | _row(scenario, limits)
        for intervals, share in sources.values()
        for limits in intervals(sets.first(max(1, repeats // share)))
        if not np.isnan(limits.low).all()
    ]


def _row(scenario: Scenario, limits: Limits) -> Row:
    given = ~np.isnan(limits.low)
    held = _held(scenario, limits.of, limits.low[given], limits.high[given])
    return {
        "of": limits.of, "interval": limits.name, "sets": len(given), "given": len(held),
        "coverage": float(held.mean()), "error": standard_error(held),
        "width": float((limits.high - limits.low)[given].mean()),
    }  # fmt: skip


def _held(scenario: Scenario, of: str, low: Array, high: Array) -> Array:
    """For each set whether the rate lies inside; of new studies, which share of them does."""
    if of != NEW:
        rate = {MEDIAN: scenario.rate, MEAN: scenario.mean_rate}[of]
        return ((low <= rate) & (rate <= high)).astype(float)
    with np.errstate(divide="ignore"):
        ends = special.logit(np.stack([low, high])) - special.logit(scenario.rate)
    if scenario.spread > 0:
        return np.asarray(np.diff(special.ndtr(ends / scenario.spread), axis=0)[0], float)
    return np.asarray((ends[0] <= 0) & (ends[1] >= 0), float)


def standard_error(held: Array) -> float:
    """Monte Carlo standard error of a coverage.

    Two sets that hold and two that miss are added, so that it is not nought where all hold
    (Agresti and Coull 1998, doi 10.1080/00031305.1998.10480550).
    """
    padded = np.append(held, [0.0, 0.0, 1.0, 1.0])
    return float(padded.std() / len(padded) ** 0.5)


def run(
    repeats: int,
    say: Callable[[str], None] | None = None,
    processes: int = 1,
    scenarios: Iterable[Scenario] = (*SCENARIOS, *NESTED),
) -> pd.DataFrame:
    """Every scenario: one row per scenario and interval.

    Args:
        repeats: sets of studies per scenario, for the methods that are quick.
        say: told how far it is.
        processes: that share the work; the figures do not depend on it.
        scenarios: what is simulated; each is seeded by what it says.

    Returns:
        The fields of `Scenario`, `of` ("median rate", "mean rate" or "new study"), `interval`,
        `sets` and how many `given` one, `coverage` (a fraction) with its Monte Carlo standard
        `error`, and `width` (a fraction).
    """
    todo = list(scenarios)
    rows: list[Row] = []
    for number, found in enumerate(_each(partial(_seeded, repeats), todo, processes), start=1):
        rows += found
        if say is not None:
            say(f"{number} of {len(todo)} scenarios")
    return pd.DataFrame(rows).round(6)


def _each(
    work: Callable[[Scenario], list[Row]], todo: list[Scenario], processes: int
) -> Iterable[list[Row]]:
    """The work on each scenario, in their order."""
    if processes == 1:
        yield from map(work, todo)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(work, todo)


def _seeded(repeats: int, scenario: Scenario) -> list[Row]:
    place = [*SCENARIOS, *NESTED].index(scenario)
    return study(scenario, repeats, np.random.default_rng([SEED, place]))
