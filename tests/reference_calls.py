"""Reading the reference files: calls with their data, and comparison at a stated tolerance."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent / "reference"

MEASURE_OF = {
    "PLO": "proportion_logit", "PLOGIT": "proportion_logit", "PLN": "proportion_log",
    "PAS": "proportion_arcsine", "PR": "proportion_raw", "PRAW": "proportion_raw",
    "PFT": "proportion_freeman_tukey",
    "RR": "risk_ratio", "OR": "odds_ratio", "RD": "risk_difference", "AS": "arcsine_difference",
    "ASD": "arcsine_difference", "PETO": "peto_odds_ratio",
    "IRR": "rate_ratio", "IRD": "rate_difference", "IRSD": "root_rate_difference",
    "MN": "mean", "MRAW": "mean", "MNLN": "mean_log", "MLN": "mean_log", "MC": "mean_change",
    "SMCC": "change_by_change", "SMCR": "change_by_before", "ROMC": "change_ratio",
    "MD": "mean_difference", "SMD": "standardised_difference", "ROM": "ratio_of_means",
    "IRLN": "rate_log", "IR": "rate_raw", "IRS": "rate_square_root", "IRFT": "rate_freeman_tukey",
}  # fmt: skip
ONE_ARM = {code for code, key in MEASURE_OF.items() if key.startswith(("proportion_", "rate_"))} - {
    "IRR",
    "IRD",
}
LOOSE = {"edge_prop_hugen", "edge_prop_domin", "edge_cont_made"}
SCORE_COLUMNS = (
    {"n1i": "n_t", "m1i": "mean_t", "sd1i": "sd_t", "n2i": "n_c", "m2i": "mean_c", "sd2i": "sd_c"},
    {
        "ni": "n", "m1i": "mean_before", "m2i": "mean_after", "sd1i": "sd_before",
        "sd2i": "sd_after", "ri": "correlation",
    },
    {"ni": "n", "mi": "mean", "sdi": "sd"},
)  # fmt: skip
ITERATED = {"REML", "ML", "EB", "PM", "PMM"}


@cache
def load(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def calls(*functions: str, **wanted: object):
    """Every call of these functions with a result: (file, position, call)."""
    for name in NAMES:
        for position, call in enumerate(load(name)["calls"]):
            if call["fn"] in functions and "result" in call and "software" not in call:
                if all(call.get(key) == value for key, value in wanted.items()):
                    yield name, position, call


def label(value: object) -> str | None:
    return value if isinstance(value, str) else None


def column(name: str, key: str) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in load(name)["data"][key]], float)


def frame(name: str) -> pd.DataFrame:
    """The counts of a file under this project's column names."""
    data = load(name)["data"]
    if "ai" in data:
        a, b, c, d = (column(name, key) for key in ("ai", "bi", "ci", "di"))
        arms = {"events_t": a, "total_t": a + b, "events_c": c, "total_c": c + d}
        return _named(pd.DataFrame(arms))
    for keys in SCORE_COLUMNS:
        if set(keys) <= set(data):
            rows = pd.DataFrame({ours: column(name, k) for k, ours in keys.items()})
            if "correlation" in rows:  # these calls take the later mean from the earlier one
                rows = rows.assign(mean_before=-rows["mean_before"], mean_after=-rows["mean_after"])
            return _named(rows)
    if "x1i" in data:
        keys = {
            "events_t": "x1i",
            "person_time_t": "t1i",
            "events_c": "x2i",
            "person_time_c": "t2i",
        }
        return _named(pd.DataFrame({ours: data[theirs] for ours, theirs in keys.items()}))
    size = {"total": data["ni"]} if "ni" in data else {"person_time": data["ti"]}
    rows = pd.DataFrame({"events": data["xi"], **size})
    return _named(rows)


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(study_id=[f"study-{i}" for i in range(len(rows))])


def tolerance(name: str, call: dict) -> float:
    if "threshold" in call:
        return 1e-5
    if name == "edge_cont_made":
        return 1e-5  # variances over 14 orders of magnitude: so far do closed forms agree
    if name in LOOSE:
        return 1e-6
    return 1e-7 if call.get("method") in ITERATED else 1e-10


def number(value: object) -> float:
    return float(value) if value is not None else float("nan")


RECORD: list[tuple[str, float, float, int]] = []
"""What was compared, for `tests/agreement.py`: test, largest gap, tolerance, how many values."""


def agree(ours: object, theirs: object, tol: float, what: str = "") -> None:
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    gap = np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-8)
    gap = np.where(ours == theirs, 0.0, gap)  # infinities
    test = os.environ.get("PYTEST_CURRENT_TEST", "::?").split("::")[1].split("[")[0].split(" ")[0]
    RECORD.append((test, float(np.max(gap, initial=0.0)), tol, int(np.size(gap))))
    assert np.all(gap <= tol), f"{what}: {ours} against {theirs}, gap {np.max(gap):.2g} > {tol:g}"
