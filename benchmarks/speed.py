# ruff: noqa: E501 - a table of text, printed
"""Times of the engine beside those of other Python packages, measured in one run.

Run by `make bench`. The other packages are optional (the dependency group `bench`); one that is
not installed is named and left out. Each figure is the best of many repeats, in milliseconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from evidence import Model, answers, glmm_details, load, pool, pool_many
from evidence.pooling.families import FAMILIES
from evidence.pooling.glmm_fit import Problem, fit_glmm
from evidence.pooling.mean import MEAN_INTERVALS
from evidence.pooling.prediction import PREDICTIONS, Evidence
from evidence.pooling.tau2 import TAU2_ESTIMATORS
from evidence.pooling.tau2_intervals import q_profile
from evidence.pooling.weighting import intercept
from evidence.sensitivity.influence import influence
from evidence.sensitivity.multiverse import multiverse
from evidence.sensitivity.register import stated_of, subject
from evidence.sensitivity.subsets import fit_subsets

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "reference" / "prop_debruin2009.json"
PLAIN, GLMM = Model(method="inverse_variance"), Model(method="glmm")
INFLUENCE = "influence and leave-one-out: numbers, 13 studies"
GOSH = "all subsets (GOSH), REML: 10 000 of 13 studies"
METAFOR = {INFLUENCE: (26.0, 25), GOSH: (21_700.0, 200)}
"""Milliseconds of metafor's leave1out or influence, and of its gosh, measured once on another day;
and how many times faster ours is to be."""


def best(function: Callable[[], object], repeats: int) -> float:
    """The shortest time of one call, in milliseconds."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def studies() -> pd.DataFrame:
    """Thirteen published studies (metadat dat.debruin2009)."""
    data = json.loads(DATA.read_text(encoding="utf-8"))["data"]
    names = [f"study-{i}" for i in range(len(data["xi"]))]
    return pd.DataFrame({"study_id": names, "events": data["xi"], "total": data["ni"]})


def many(k: int) -> pd.DataFrame:
    """Made-up counts of many studies."""
    rng = np.random.default_rng(5)
    total = rng.integers(5, 400, k)
    rate = 1 / (1 + np.exp(2 + 0.8 * rng.standard_normal(k)))
    names = [f"study-{i}" for i in range(k)]
    return pd.DataFrame({"study_id": names, "events": rng.binomial(total, rate), "total": total})


def ours() -> dict[str, tuple[float, float | None]]:
    """Name -> time and aim, of this engine."""
    rows, crowd = studies(), many(500)
    table = pool(rows, model=PLAIN).studies
    y, v = table["effect"].to_numpy(float), table["variance"].to_numpy(float)
    x = intercept(len(y))
    counts = Problem(
        rows["events"].to_numpy(float), rows["total"].to_numpy(float), x, FAMILIES["logit"]
    )

    subsets = np.random.default_rng(5).random((10_200, len(y))) < 0.5
    subsets = subsets[subsets.any(-1)][:10_000]
    whole = pool(rows, model=GLMM)

    def core() -> object:
        tau2 = TAU2_ESTIMATORS["REML"](y, v, x)
        mean = MEAN_INTERVALS["hartung_knapp"](y, v, tau2, 0.95)
        PREDICTIONS["matching"](Evidence(y, v, tau2, mean), 0.95)
        return q_profile(y, v, x, 0.95)

    return {
        "REML, Hartung-Knapp, prediction, Q-profile: numbers, 13 studies": (best(core, 100), 0.8),
        "the same as a printed answer from a frame": (
            best(lambda: pool(rows, model=PLAIN), 50),
            0.8,
        ),
        "GLMM: fit, 13 studies": (best(lambda: fit_glmm(counts), 50), 2.5),
        "GLMM: answer with the profile interval of tau2": (
            best(lambda: pool(rows, model=GLMM), 20),
            None,
        ),
        "GLMM: answer, profiles, shrunken rates, leave-one-out": (
            best(lambda: glmm_details(pool(rows, model=GLMM)), 10),
            50.0,
        ),
        INFLUENCE: (best(lambda: influence(y, v), 100), _aim(INFLUENCE)),
        GOSH: (best(lambda: fit_subsets(y, v, subsets), 5), _aim(GOSH)),
        "every defensible analysis, 13 studies": (best(lambda: multiverse(whole), 10), None),
        "every defensible analysis of every question": (best(every_question(), 3), 2000.0),
        "GLMM: answer, 500 studies": (best(lambda: pool(crowd, model=GLMM), 3), 500.0),
        "GLMM: 500 studies with profiles, shrunken rates, leave-one-out": (
            best(lambda: glmm_details(pool(crowd, model=GLMM)), 3),
            500.0,
        ),
    }


def _aim(name: str) -> float:
    duration, times = METAFOR[name]
    return duration / times


def every_question() -> Callable[[], object]:
    """The multiverse of each question of the topic that pools the rates of three studies or more."""
    tables = load(ROOT / "data")
    ready = [
        (subject(one, tables), stated_of(one))
        for one in answers(tables).values()
        if one.synthesis.measure.kind == "rate"
        and one.synthesis.k >= 3
        and one.synthesis.estimate is not None
    ]
    return lambda: [multiverse(synthesis, stated) for synthesis, stated in ready]


def batch() -> dict[str, tuple[float, float]]:
    """Name -> milliseconds per analysis one by one, and in one call of `pool_many`."""
    rng = np.random.default_rng(5)
    size = rng.integers(20, 1000, (200, 10))
    events = rng.binomial(size, 1 / (1 + np.exp(1.5 + 0.5 * rng.standard_normal(size.shape))))
    frames = [
        pd.DataFrame({"events": x, "total": n}) for x, n in zip(events[:20], size[:20], strict=True)
    ]

    def both(model: Model) -> tuple[float, float]:
        alone = best(lambda: [pool(frame, model=model) for frame in frames], 3) / len(frames)
        return alone, best(lambda: pool_many(events, size, model=model), 3) / len(size)

    return {
        "inverse variance": both(PLAIN),
        "GLMM": both(GLMM),
        "GLMM, profile interval": both(Model(method="glmm", interval="profile")),
        "beta-binomial": both(Model(method="beta_binomial")),
    }


def import_time() -> float:
    """What `import evidence` and its engine add to numpy, scipy and pandas, in milliseconds."""
    base = "import numpy, scipy.special, scipy.optimize, scipy.interpolate, pandas\n"
    code = "import time\n{}start = time.perf_counter()\nfrom evidence import pool\nprint(time.perf_counter() - start)"
    times = [
        float(subprocess.run([sys.executable, "-c", code.format(base)], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]  # fmt: skip
    return 1e3 * min(times)


def peers() -> dict[str, float | str]:
    """Name -> time of other packages on the same data, or why there is none."""
    rows = studies()
    table = pool(rows, model=PLAIN).studies
    y, v = table["effect"].to_numpy(float), table["variance"].to_numpy(float)
    x, n = rows["events"].to_numpy(float), rows["total"].to_numpy(float)

    def statsmodels() -> Callable[[], object]:
        from statsmodels.stats.meta_analysis import combine_effects

        return lambda: combine_effects(y, v, method_re="iterated")

    def pymetaanalysis() -> Callable[[], object]:
        from meta_analyze import meta_analysis

        return lambda: meta_analysis(
            effect=y, variance=v, tau2_method="REML", ci_method="hartung_knapp"
        )

    def pymare() -> Callable[[], object]:
        from pymare import meta_regression

        return lambda: meta_regression(y[:, None], v[:, None], method="REML")

    def pimeta_reml() -> Callable[[], object]:
        from pimeta import rma

        return lambda: rma(yi=y, vi=v, method="REML", test="knha")

    def pimeta_glmm() -> Callable[[], object]:
        from pimeta import rma_glmm

        return lambda: rma_glmm(measure="PLO", xi=x, ni=n)

    makers = {
        "statsmodels combine_effects (Paule-Mandel)": statsmodels,
        "PyMetaAnalysis, REML, Hartung-Knapp": pymetaanalysis,
        "PyMARE, REML": pymare,
        "pimeta, REML, Hartung-Knapp": pimeta_reml,
        "pimeta, binomial GLMM": pimeta_glmm,
    }
    found: dict[str, float | str] = {}
    for name, make in makers.items():
        try:
            found[name] = best(make(), 20)
        except ImportError as missing:
            found[name] = f"not installed ({missing.name})"
    return found


def main() -> None:
    """Print the times and the ratios."""
    mine, others = ours(), peers()
    for name, (duration, aim) in mine.items():
        goal = "" if aim is None else f"   aim {aim:.4g}"
        if name in METAFOR:
            goal += f"   {METAFOR[name][0] / duration:.0f} times metafor's speed"
        print(f"{name:<66}{duration:9.2f} ms{goal}")
    print(
        f"{'import evidence.pool beyond numpy, scipy, pandas':<66}{import_time():9.2f} ms   aim 100"
    )
    print("\nmany analyses of 10 studies, per analysis: one by one, in one call")
    for name, (alone, together) in batch().items():
        print(f"{name:<66}{alone:9.2f} ms{together:9.2f} ms   {alone / together:.1f} times faster")
    reml, glmm = (mine[name][0] for name in list(mine)[:3:2])
    print("\nother packages, same data, this run; ratio to our numbers (first and third line)")
    for name, duration in others.items():
        if isinstance(duration, str):
            print(f"{name:<66}{duration}")
            continue
        base = glmm if "GLMM" in name else reml
        print(f"{name:<66}{duration:9.2f} ms   {duration / base:.1f} times ours")


if __name__ == "__main__":
    main()
