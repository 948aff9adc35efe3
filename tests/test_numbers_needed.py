"""Numbers needed to treat at the risks that a question states."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evidence import DataError, answer, load, number_needed, pool
from tests.editing import edit, question
from tests.test_pairing import COMPARED

TRIAL = {"study_id": "a", "events_t": 15, "total_t": 100, "events_c": 5, "total_c": 100}
STATED = (
    'notes = "Owners were asked once."\nbaseline_risks = [0.1, 0.2]\n'
    'baseline_because = "Risks that roofers know."'
)


@pytest.fixture
def compared(topic: Path) -> Path:
    """The first question compares slate with reed, and states two risks."""
    edit(topic, *question('outcomes = ["leaking-roof"]\n', COMPARED))
    edit(topic, *question('notes = "Owners were asked once."', STATED))
    return topic


@pytest.mark.parametrize(
    ("ratio", "base", "needed", "said"),
    [(1.5, 0.2, 10, "1 event more in 10 treated"), (1.35, 0.2, 1 / 0.07, "more in 15 treated"),
     (0.5, 0.3, 1 / 0.15, "1 event fewer in 7 treated")],
)  # fmt: skip
def test_people_are_rounded_up(ratio: float, base: float, needed: float, said: str) -> None:
    rows = pd.DataFrame([TRIAL | {"events_t": round(1000 * ratio), "total_t": 10_000,
                                  "events_c": 1000, "total_c": 10_000}])  # fmt: skip
    found = number_needed(pool(rows, "risk_ratio"), [base]).iloc[0]
    assert found["needed"] == pytest.approx(needed, rel=1e-9) and said in found["reading"]


def test_the_limits_go_from_the_larger_effect_to_the_smaller() -> None:
    found = number_needed(pool(pd.DataFrame([TRIAL]), "risk_ratio"), [0.05]).iloc[0]
    assert found["reading"] == "1 event more in 10 treated (3 to 150)"
    near, far = 1 / found["high"], 1 / found["low"]
    assert 2 < near < 3 and 149 < far < 150


def test_a_risk_beyond_one_is_told() -> None:
    found = number_needed(pool(pd.DataFrame([TRIAL]), "risk_ratio"), [0.5])
    assert found["risk"].iloc[0] == 1.0
    assert found["reading"].iloc[0].endswith("; a risk beyond 0 or 100% is taken as that")
    inside = number_needed(pool(pd.DataFrame([TRIAL]), "odds_ratio"), [0.5])["reading"].iloc[0]
    assert "taken as" not in inside


def test_an_answer_reads_them_at_the_stated_risks(compared: Path) -> None:
    found = answer("leaks", load(compared))
    assert found.needed()["baseline"].tolist() == [0.1, 0.2]
    pd.testing.assert_frame_equal(found.needed(), number_needed(found.synthesis, [0.1, 0.2]))
    assert "Needed        at a risk of 20.0% without it: 1 event more in 33 treated (" in str(found)
    assert "at a risk of 10.0% without it" in found._repr_html_()
    assert answer("pleased", load(compared)).needed().empty


def test_nothing_is_read_where_nothing_was_found(compared: Path) -> None:
    edit(compared, *question("follow_up_months = { min = 6,", "follow_up_months = { min = 30,"))
    found = answer("leaks", load(compared))
    assert found.synthesis.estimate is None and found.needed().empty
    assert "Needed" not in str(found)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[0.1, 0.2]", "[0.1, 1.0]", "baseline_risks.1: Input should be less than 1"),
        ("[0.1, 0.2]", "[0.0]", "baseline_risks.0: Input should be greater than 0"),
        ('baseline_because = "Risks that roofers know."', "", "say in baseline_because where they"),
        ('"risk_ratio"', '"arcsine_difference"', "baseline_risks need a comparison of risks; give"),
    ],
)
def test_risks_that_cannot_be_stated(compared: Path, old: str, new: str, message: str) -> None:
    edit(compared, *question(old, new))
    with pytest.raises(DataError, match=message):
        load(compared)
