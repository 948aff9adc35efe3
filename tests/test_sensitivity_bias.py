"""Risk of bias: unknown stays unknown, rules restrict, figures are read without colour."""

from __future__ import annotations

import pandas as pd
import pytest

from evidence import Model, SynthesisError, pool
from evidence.plots.bias import RISKS, bias_summary, traffic_light
from evidence.plots.export import save_figure
from evidence.sensitivity.bias import bias_table, risk_of_bias
from evidence.sensitivity.check import Stated
from evidence.tables.checklists import CHECKLISTS, Checklist, judged_as_one, judgements, passing

PLAIN = pd.DataFrame(
    {"study_id": list("abcde"), "events": [3, 6, 10, 1, 7], "total": [11, 17, 21, 9, 50]}
)
JBI = CHECKLISTS["jbi"]
ALL_YES = {column: ["yes"] * 5 for column in JBI.columns()}
JUDGED = PLAIN.assign(**ALL_YES).assign(
    jbi_frame=["yes", "no", "unclear", None, "not applicable"],
)
GLMM = Model(method="glmm")


def test_without_columns_nothing_is_guessed():
    found = risk_of_bias(pool(PLAIN))
    assert found.verdict.startswith("No verdict: no study was judged")
    assert found.table.empty and judgements(PLAIN).empty
    with pytest.raises(SynthesisError, match="no study was judged; give the studies columns"):
        bias_table(pool(PLAIN))


def test_a_blank_is_unknown_and_neither_good_nor_bad():
    table = judgements(JUDGED)
    assert len(table) == 5 * 9
    frame = table[table["domain"] == "frame"].set_index("study_id")["risk"]
    assert frame.tolist() == ["low", "high", "unclear", "unknown", "low"]
    some = judgements(PLAIN.assign(jbi_size="yes"))
    assert (some["risk"] == "unknown").sum() == 5 * 8


def test_restricted_answers_are_those_of_the_studies_that_pass():
    whole = pool(JUDGED, model=GLMM)
    found = risk_of_bias(whole)
    table = found.table.set_index("rule")
    no_high = pool(PLAIN.iloc[[0, 2, 3, 4]], model=GLMM)
    assert table.loc["no domain at high risk", "estimate"] == pytest.approx(no_high.estimate)
    low = pool(PLAIN.iloc[[0, 4]], model=GLMM)
    assert table.loc["every domain at low risk", "estimate"] == pytest.approx(low.estimate)
    assert "1 judgement of 45 unknown" in found.text
    assert risk_of_bias(whole, Stated(change=1e-6)).verdict.startswith("Did not hold")


def test_a_rule_that_leaves_none_is_told_with_the_count():
    bad = PLAIN.assign(jbi_frame=["no"] * 5)
    found = risk_of_bias(pool(bad))
    assert found.verdict == "No verdict: no study passes any rule"
    assert "every domain at low risk (leaves 0 of 5 studies)" in found.text


def test_an_unknown_answer_is_named():
    with pytest.raises(SynthesisError, match=r"b, jbi_frame: 'nope'\nuse the answers .*yes, no"):
        judgements(JUDGED.assign(jbi_frame=["yes", "nope", "no", "no", "no"]))


def test_lights_and_bars_carry_a_sign_each(tmp_path):
    answer = pool(JUDGED, model=GLMM)
    axes = traffic_light(answer, title="Leaks")
    lights = [one.get_label() for one in axes.collections]
    assert lights.count("_high") == 1 and lights.count("_unknown") == 1 and len(lights) == 45
    signs = [text.get_text() for text in axes.texts if text.get_text() in ("+", "?", "\u2212")]
    assert signs.count("+") == 42 and signs.count("?") == 1 and signs.count("\u2212") == 1
    assert len({(mark, sign) for mark, sign, _ in RISKS.values()}) == len(RISKS)
    assert "frame: 2 low, 1 high, 1 unclear, 1 unknown." in axes.get_label()
    bars = bias_summary(answer)
    widths = [one.get_width() for one in bars.patches if one.get_label() == "_low"]
    assert sorted(widths) == pytest.approx([0.4] + [1.0] * 8)
    one, two = (save_figure(traffic_light(answer), tmp_path / f"{n}.svg") for n in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_a_row_passes_or_not_and_a_blank_is_no_high_risk():
    assert passing(JUDGED, "no domain at high risk").tolist() == [True, False, True, True, True]
    assert passing(JUDGED, "every domain at low risk").tolist() == [True, False, False, False, True]
    assert passing(PLAIN, "no domain at high risk").all()
    assert not passing(PLAIN, "every domain at low risk").any()
    odd = JUDGED.set_axis([7, 7, 3, 1, 0])
    assert passing(odd, "no domain at high risk").index.tolist() == [7, 7, 3, 1, 0]
    with pytest.raises(SynthesisError, match="choose one of: no domain at high risk, every domain"):
        passing(JUDGED, "good enough")


def test_arms_that_enter_as_one_have_the_highest_risk_and_unknown_is_not_low():
    pairs = [("yes", "no", "no"), ("yes", "unclear", "unclear"), ("unclear", None, None),
             (None, "no", "no"), ("not applicable", "yes", "not applicable")]  # fmt: skip
    for one, other, taken in pairs:
        for arms in ([one, other], [other, one]):
            found = judged_as_one(pd.DataFrame({"jbi_size": arms}))["jbi_size"]
            assert found == taken or {found, taken} <= {"yes", "not applicable"}


def test_another_checklist_is_one_more_entry(monkeypatch):
    short = Checklist("short", "Short list", "made up", {"size": "?"}, {"ok": "low", "bad": "high"})
    monkeypatch.setitem(CHECKLISTS, "short", short)
    frame = JUDGED.assign(short_size=["ok", None, None, None, "bad"])
    frame.loc[4, list(JBI.columns())] = None
    found = judgements(frame)
    assert (found["checklist"] == "short").sum() == 2, "those who have the other list's are left"
    table = bias_table(pool(frame))
    assert table["short size"].tolist() == ["low", "unknown", "unknown", "unknown", "high"]
    assert table.loc[4, "jbi size"] == "unknown" and table.loc[0, "jbi size"] == "low"
    assert passing(frame, "every domain at low risk").tolist() == [True, *[False] * 4]
