"""What changed is told whole, told apart by kind, and put down to the row that did it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pandas as pd
import pytest

from evidence import DataError, EvidenceError, answer, load, pool
from evidence.living.attribution import EXACT, attribute
from evidence.living.diff import Diff, diff
from evidence.living.materiality import RULES, reasons
from evidence.living.record import Record, parse_record, plain, record
from evidence.living.rows import KINDS, changes, raw_rows
from evidence.living.states import earlier, results_of
from evidence.report.accept import accept
from tests.editing import cell, edit, question
from tests.test_audit_claims import CITED, write
from tests.test_cli import run


def study(name: str, events: int, total: int, **cells: str) -> Callable[[str], str]:
    """The table's text with one more row: a survey of slate roofs after a year."""

    def change(text: str) -> str:
        header, first, *_ = text.splitlines()
        row = dict(zip(header.split(","), first.split(","), strict=True))
        row |= {"row_id": f"{name}.1", "study_id": name, "cohort": name}
        row |= {"events": str(events), "total": str(total), "printed_percent": ""}
        return text + ",".join((row | cells).values()) + "\n"

    return change


def add(topic: Path, name: str, events: int, total: int, **cells: str) -> None:
    year = name.rpartition("-")[2]
    entry = f"\n@article{{{name},\n  title = {{Roofs of {year}}},\n  year = {{{year}}},\n}}\n"
    edit(topic, lambda text: text + entry, "references.bib")
    edit(topic, study(name, events, total, **cells))


def drop(name: str) -> Callable[[str], str]:
    return lambda text: "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith(f"{name},")
    )


def since(topic: Path, revision: str | None = None) -> Diff:
    with earlier(topic, revision) as state:
        return diff(topic, state)


def accepted(topic: Path) -> Record:
    return accept(topic, say=lambda text: None)


def rewrite(topic: Path, change: Callable[[dict], None]) -> None:
    """Another accepted record, as other software would have left it."""
    path = results_of(topic) / "results.json"
    found = json.loads(path.read_bytes())
    change(found)
    path.write_text(json.dumps(found))


def estimate(*counts: tuple[int, int]) -> float:
    frame = pd.DataFrame(counts, columns=["events", "total"])
    found = pool(frame.assign(study_id=[str(place) for place in frame.index])).estimate
    assert found is not None
    return found


OLD = ((5, 38), (0, 25), (20, 175))


def test_the_record_is_the_same_text_every_time_and_reads_back(topic: Path) -> None:
    found = record(load(topic))
    text = found.to_json()
    assert text == record(load(topic)).to_json()
    assert parse_record(text.encode(), "it") == found
    assert json.loads(text) == json.loads(json.dumps(json.loads(text), sort_keys=True))
    figures = found.questions["leaks"]["answer"]
    assert figures["estimate"] == estimate(*OLD) and figures["k"] == 3
    assert found.questions["leaks"]["model"]["tau2"] == "REML"
    assert found.questions["leaks"]["rows"]["alder-2001.1"] == "same patients"
    assert found.questions["pleased-reed"]["answer"]["estimate"] is None
    assert set(found.rows) >= {"studies.csv", "scores.csv", "references.bib"}


def test_a_record_takes_over_only_what_cannot_have_changed(topic: Path) -> None:
    before = record(load(topic))
    edit(topic, cell("alder-2001.2", "events", "9"))
    edit(topic, cell("alder-2001.2", "printed_percent", ""))
    after = record(load(topic), before, ["leaking-roof"])
    assert after == record(load(topic)) != before
    assert after.questions["pleased"] is before.questions["pleased"]
    edit(topic, *question('title = "Owners who are pleased"', 'title = "Pleased owners"'))
    assert record(load(topic), before, ["leaking-roof"]) == record(load(topic))


@pytest.mark.parametrize(
    "content, message",
    [(b"{", "is not a results record"), (b"[]", "is not a results record"),
     (b'{"schema": 99}', "has schema 99 and this version reads 1"),
     (b'{"schema": 1}', "is not a whole results record")],
)  # fmt: skip
def test_what_is_no_record_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        parse_record(content, "results.json")


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(EvidenceError, match="the record cannot hold a object"):
        plain(object())
    assert plain(float("inf")) == "inf" and plain((1.5, float("nan"))) == [1.5, None]


def test_nothing_changed(topic: Path) -> None:
    accepted(topic)
    found = since(topic)
    assert (found.rows, found.protocol, found.questions, found.material) == ((), (), (), ())
    assert "no row differs. No estimate moved. Nothing material changed." in str(found)


def test_a_life_of_the_project(topic: Path) -> None:
    """Add, edit, exclude, rename, drop: each is named, and takes the whole of its own move."""
    accepted(topic)

    add(topic, "elm-2015", 9, 60)
    found = since(topic)
    assert [(one.file, one.kind, one.row) for one in found.rows] == [
        ("studies.csv", "added", "elm-2015.1"), ("references.bib", "added", "elm-2015"),
    ]  # fmt: skip
    (leaks,) = found.questions
    move = estimate(*OLD, (9, 60)) - estimate(*OLD)
    (cause,) = leaks.why.causes
    assert (cause.name, cause.kind, cause.error) == ("elm-2015.1", "added", 0.0)
    assert cause.share == cause.alone == cause.undone == pytest.approx(move, rel=1e-12)
    assert leaks.figures["k"] == (3, 4) and leaks.drawn and leaks.software == 0.0
    assert leaks.rows == {"elm-2015.1": (None, "enters")}
    assert "because elm-2015.1 (added): share +" in str(found)
    accepted(topic)
    assert since(topic).questions == ()

    edit(topic, cell("elm-2015.1", "events", "12"))
    (one,) = since(topic).rows
    assert (one.kind, one.row, one.fields) == ("edited", "elm-2015.1", {"events": ("9", "12")})
    assert "elm-2015.1 was edited: events 9 → 12" in str(since(topic))
    accepted(topic)

    edit(topic, cell("elm-2015.1", "exclude_because", "no-count"))
    edit(topic, cell("elm-2015.1", "exclude_detail", "Roofs were counted twice."))
    found = since(topic)
    assert [one.kind for one in found.rows] == ["excluded"]
    assert found.questions[0].rows == {"elm-2015.1": ("enters", "excluded")}
    assert found.questions[0].figures["estimate"][1] == pytest.approx(estimate(*OLD), rel=1e-12)
    accepted(topic)
    edit(topic, cell("elm-2015.1", "exclude_because", ""))
    edit(topic, cell("elm-2015.1", "exclude_detail", ""))
    assert [one.kind for one in since(topic).rows] == ["included"]
    accepted(topic)

    for name in ("studies.csv", "references.bib"):
        edit(topic, lambda text: text.replace("elm-2015", "oak-2015"), name)
    found = since(topic)
    assert [(one.file, one.kind, one.was) for one in found.rows] == [
        ("studies.csv", "renamed", "elm-2015.1"), ("references.bib", "renamed", "elm-2015"),
    ]  # fmt: skip
    assert "estimate" not in found.questions[0].figures and found.material == ()
    accepted(topic)

    edit(topic, drop("oak-2015.1"))
    found = since(topic)
    assert [(one.kind, one.row) for one in found.rows] == [("dropped", "oak-2015.1")]
    (cause,) = found.questions[0].why.causes
    back = estimate(*OLD) - estimate(*OLD, (12, 60))
    assert cause.kind == "dropped" and cause.share == pytest.approx(back, rel=1e-9)


def test_a_changed_question_is_a_change_of_protocol_and_not_of_data(topic: Path) -> None:
    accepted(topic)
    edit(topic, *question('outcomes = ["leaking-roof"]', 'outcomes = ["leaking-roof"]\n'
                          'model = { level = 0.9 }'))  # fmt: skip
    edit(topic, *question("threshold = 0.2", "threshold = 0.1"))
    edit(topic, *question("Owners were asked once.", "Owners were asked."))
    found = since(topic)
    assert found.rows == ()
    said = [(one.entry, one.old, one.new, one.wording) for one in found.protocol]
    assert sorted(said, key=str) == [
        ("model", {}, {"level": 0.9}, False), ("notes", "Owners were asked once.",
         "Owners were asked.", True), ("threshold", 0.2, 0.1, False),
    ]  # fmt: skip
    assert found.material == ("leaks: the protocol changed",)
    assert [one.model for one in found.questions] == [{}] * len(found.questions)


def test_a_restriction_is_an_entry_of_its_own(topic: Path) -> None:
    accepted(topic)
    edit(topic, *question('because = "Reed dries differently."', 'because = "Reed dries slowly."'))
    (one,) = since(topic).protocol
    assert (one.entry, one.wording) == ("restriction 'slate only'", True)
    edit(topic, *question('interventions = ["slate"]', 'interventions = ["reed"]'))
    (one,) = since(topic).protocol
    assert not one.wording and one.new == {
        "interventions": ["reed"], "because": "Reed dries slowly.",
    }  # fmt: skip
    assert (
        "leaks, restriction 'slate only': interventions slate; because Reed dries differently. → "
        "interventions reed; because Reed dries slowly."
    ) in str(since(topic))


def test_a_rule_for_all_questions_is_told_once(topic: Path) -> None:
    accepted(topic)
    rule = (
        '[[sensitivity]]\nname = "surveys"\nbecause = "Asked."\ndesigns = ["survey"]\n\n[leaks]\n'
    )
    edit(topic, *question("[leaks]\n", rule))
    assert len(since(topic).protocol) == 3
    told = [line for line in str(since(topic)).splitlines() if "restriction 'surveys'" in line]
    assert [line.strip() for line in told] == [
        "leaks, pleased, pleased-reed, restriction 'surveys': nothing → designs survey; because "
        "Asked."
    ]


def test_only_wording_is_protocol_but_not_material(topic: Path) -> None:
    accepted(topic)
    edit(topic, *question("Owners were asked once.", "Owners were asked."))
    found = since(topic)
    assert [one.wording for one in found.protocol] == [True]
    assert found.questions == () and found.material == ()


def test_rows_and_protocol_share_a_move(topic: Path) -> None:
    accepted(topic)
    edit(topic, *question("max = 36", "max = 18"))
    edit(topic, cell("birch-2004.1", "events", "4"))
    edit(topic, cell("birch-2004.1", "printed_percent", "16"))
    (leaks,) = since(topic).questions
    at = {
        (window, birch): estimate(alder, (birch, 25), (20, 175))
        for window, alder in (("long", (5, 38)), ("short", (3, 40)))
        for birch in (0, 4)
    }
    shares = {cause.kind: cause.share for cause in leaks.why.causes}
    by_row = (at["long", 4] - at["long", 0] + at["short", 4] - at["short", 0]) / 2
    by_rule = (at["short", 0] - at["long", 0] + at["short", 4] - at["long", 4]) / 2
    assert shares == pytest.approx({"edited": by_row, "protocol": by_rule}, rel=1e-9)


def test_a_new_and_a_lost_question(topic: Path) -> None:
    accepted(topic)
    edit(topic, *question("[pleased-reed]", "[reed]"))
    found = since(topic)
    assert [(one.question, one.entry) for one in found.protocol] == [
        ("pleased-reed", "question"), ("reed", "question"),
    ]  # fmt: skip
    assert "reed: the question is new" in str(found)
    assert "pleased-reed: the question is gone" in str(found)
    assert len(found.material) == 2


def test_new_software_that_moves_nothing(topic: Path) -> None:
    accepted(topic)
    rewrite(topic, lambda found: found["software"].update(numpy="1.0"))
    found = since(topic)
    assert list(found.software) == ["numpy"] and found.questions == () and found.material == ()
    assert "The software changed: numpy." in str(found)


def test_new_software_that_moves_an_answer_beside_an_edited_row(topic: Path) -> None:
    accepted(topic)

    def older(found: dict) -> None:
        found["software"]["scipy"] = "1.0"
        found["questions"]["leaks"]["answer"]["estimate"] += 0.001

    rewrite(topic, older)
    edit(topic, cell("alder-2001.2", "events", "6"))
    edit(topic, cell("alder-2001.2", "printed_percent", "15.8"))
    (leaks,) = since(topic).questions
    old, new = leaks.figures["estimate"]
    assert leaks.software == pytest.approx(-0.001, abs=1e-12)
    assert leaks.software + leaks.why.causes[0].share == pytest.approx(new - old, abs=1e-12)
    assert "new software alone: −0.10 points" in str(since(topic))


def test_new_defaults_are_a_change_of_method(topic: Path) -> None:
    accepted(topic)

    def older(found: dict) -> None:
        found["software"]["library"] = "0.0"
        found["questions"]["leaks"]["model"]["tau2"] = "DL"

    rewrite(topic, older)
    found = since(topic)
    assert [one.model for one in found.questions] == [{"tau2": ("DL", "REML")}]
    assert "leaks, tau2: DL → REML" in str(found) and found.protocol == ()


def test_shares_add_up_and_do_not_depend_on_the_order(topic: Path) -> None:
    for row in ("cedar-2010.1", "cedar-2010.2"):  # an arm alone is no comparison
        edit(topic, cell(row, "role", "single"))
        edit(topic, cell(row, "comparison", ""))
    before = load(topic)
    old = raw_rows(topic)
    edit(topic, cell("alder-2001.2", "events", "9"))
    edit(topic, cell("birch-2004.1", "events", "3"))
    edit(topic, drop("cedar-2010.2"))
    add(topic, "elm-2015", 20, 60)
    after, made = load(topic), changes(old, raw_rows(topic))
    move = estimate((9, 38), (3, 25), (11, 90), (20, 60)) - estimate(*OLD)
    seen = set()
    for order in list(permutations(made))[::5]:
        found = attribute("leaks", before, after, order)
        assert sum(one.share for one in found.causes) == pytest.approx(move, rel=1e-9)
        seen.add(tuple((one.name, round(one.share, 12)) for one in found.causes))
    assert len(seen) == 1 and len(found.causes) == 4 and found.drawn == 0


def test_a_dropped_row_stands_where_it_stood_when_it_is_put_back(topic: Path) -> None:
    """Of two rows alike but for their count the first enters."""
    again = cell("birch-2004.9", "events", "4")
    edit(topic, lambda text: text.replace("cedar-2010.1,", "birch-2004.9,birch-2004,birch-2004,all,"
         "single,,survey,new-houses,new,slate,slate,leaking-roof,leaking,fixed,12,3,25,,reported,,,"
         "abstract,Results,,yes,\ncedar-2010.1,", 1))  # fmt: skip
    edit(topic, again)
    before, old = load(topic), raw_rows(topic)
    edit(topic, drop("birch-2004.1"))
    edit(topic, cell("alder-2001.2", "events", "9"))
    found = attribute("leaks", before, load(topic), changes(old, raw_rows(topic)))
    assert found.order == 0.0
    cause = {one.name: one for one in found.causes}["birch-2004.1"]
    assert cause.alone == pytest.approx(estimate((5, 38), (4, 25), (20, 175)) - estimate(*OLD))
    assert cause.undone == pytest.approx(
        estimate((9, 38), (4, 25), (20, 175)) - estimate((9, 38), (0, 25), (20, 175))
    )


def test_many_changes_are_sampled_and_say_so(topic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidence.living.attribution.MIXTURES", 100)
    for number in range(EXACT + 1):
        add(topic, f"elm-{2000 + number}", 2 + number, 60)
    accepted(topic)
    before, old = load(topic), raw_rows(topic)
    for number in range(EXACT + 1):
        edit(topic, cell(f"elm-{2000 + number}.1", "events", str(2 * number + 6)))
    after, made = load(topic), changes(old, raw_rows(topic))
    found = attribute("leaks", before, after, made)
    assert len(found.causes) == EXACT + 1 and found.drawn >= 8
    assert found == attribute("leaks", before, after, made)
    first, last = (answer("leaks", one).synthesis.estimate for one in (before, after))
    assert sum(one.share for one in found.causes) == pytest.approx(last - first, rel=1e-9)
    assert all(0 < one.error < abs(last - first) for one in found.causes)
    assert "(sampled, standard error " in str(since(topic))


def test_sampled_shares_are_near_the_exact_ones(
    topic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, old = load(topic), raw_rows(topic)
    edit(topic, cell("alder-2001.2", "events", "9"))
    edit(topic, cell("birch-2004.1", "events", "3"))
    edit(topic, cell("cedar-2010.1", "events", "30"))
    after, made = load(topic), changes(old, raw_rows(topic))
    exact = {one.name: one for one in attribute("leaks", before, after, made).causes}
    monkeypatch.setattr("evidence.living.attribution.EXACT", 1)
    sampled = attribute("leaks", before, after, made)
    assert sampled.drawn > 50
    for one in sampled.causes:
        assert one.share == pytest.approx(exact[one.name].share, abs=4 * one.error + 1e-12)
        assert (one.alone, one.undone) == (exact[one.name].alone, exact[one.name].undone)


def test_no_share_is_made_up_where_a_mixture_has_no_estimate(topic: Path) -> None:
    accepted(topic)
    edit(topic, drop("birch-2004.1"))
    found = since(topic)
    (leaks,) = found.questions
    (cause,) = leaks.why.causes
    assert (cause.share, cause.alone, cause.undone) == (None, None, None)
    assert found.material == ("leaks: it cannot be answered any more",)
    assert "no share: some mixture of old and new has no estimate" in str(found)


def test_order_of_the_rows_is_no_change_of_a_row(topic: Path) -> None:
    accepted(topic)
    edit(topic, lambda text: "\n".join([text.splitlines()[0], *text.splitlines()[:0:-1]]) + "\n")
    found = since(topic)
    assert found.rows == () and all("estimate" not in one.figures for one in found.questions)


def test_every_kind_of_change_has_words() -> None:
    assert set(KINDS) == {"added", "edited", "excluded", "included", "renamed", "dropped"}


def side(estimate: float | None, low: float | None, high: float | None, threshold: float | None):
    return {"answer": {"estimate": estimate, "low": low, "high": high},
            "stated": {"threshold": threshold}}  # fmt: skip


@pytest.mark.parametrize(
    "was, is_now, expected",
    [
        ((0.1, 0.05, 0.15, None), (0.12, 0.06, 0.16, None), ()),
        ((0.1, 0.05, 0.15, None), (0.3, 0.2, 0.4, None),
         ("the new interval excludes the old estimate",)),
        ((None, None, None, None), (0.3, 0.2, 0.4, None), ("it can be answered now",)),
        ((0.3, 0.2, 0.4, None), (None, None, None, 0.2), ("it cannot be answered any more",)),
        ((0.19, 0.1, 0.3, 0.2), (0.21, 0.1, 0.3, 0.2),
         ("the estimate was not above the threshold and is above it",)),
        ((0.22, 0.19, 0.3, 0.2), (0.23, 0.21, 0.3, 0.2),
         ("the interval was across the threshold and is wholly above it",)),
        ((0.1, 0.05, 0.19, 0.2), (0.12, 0.05, 0.21, 0.2),
         ("the interval was wholly below the threshold and is across it",)),
        ((0.1, None, None, 0.2), (0.12, None, None, 0.2), ()),
    ],
)  # fmt: skip
def test_materiality(was: tuple, is_now: tuple, expected: tuple[str, ...]) -> None:
    assert reasons(side(*was), side(*is_now)) == expected
    assert reasons(None, side(*is_now)) == ()
    assert len(RULES) == 3


def test_a_flipped_verdict_is_material_and_a_new_one_is_not(topic: Path) -> None:
    accepted(topic)
    edit(topic, cell("alder-2001.2", "printed_percent", "13.9"))
    found = since(topic)
    name, new = "percentage, alder-2001.2", "contradicts its count"
    assert found.findings == (("audit", name, "agrees", new),)
    assert found.material == (f"audit, {name}: agrees became {new}",)
    edit(topic, cell("alder-2001.2", "printed_percent", ""))
    assert since(topic).findings[0][2:] == ("agrees", "") and since(topic).material == ()


def test_a_claim_whose_verdict_flips_is_material(topic: Path) -> None:
    write(topic, CITED)
    accepted(topic)
    (claim,) = record(load(topic)).findings["claim"]
    edit(topic, cell("alder-2001.1", "events", "9"))
    edit(topic, cell("alder-2001.1", "printed_percent", "22.5"))
    flips = [one for one in since(topic).findings if one[0] == "claim"]
    assert [(one[1], one[2] != one[3]) for one in flips] == [(claim, True)]
    assert any(text.startswith(f"claim, {claim}: ") for text in since(topic).material)


def test_diff_and_accept_on_the_command_line(
    capsys: pytest.CaptureFixture[str], topic: Path
) -> None:
    data = ("--data", str(topic))
    code, out, err = run(capsys, "diff", *data)
    assert (code, out) == (1, "") and "run `evidence accept`" in err
    code, out, err = run(capsys, "accept", *data)
    assert (code, err) == (0, "") and out.startswith("accepted 3 questions of 7 rows")
    assert run(capsys, "diff", *data)[0] == 0
    edit(topic, *question("threshold = 0.2", "threshold = 0.12"))
    run(capsys, "accept", *data)
    edit(topic, cell("cedar-2010.1", "events", "40"))
    code, out, _ = run(capsys, "diff", *data)
    assert code == 3 and "leaks: the estimate was not above the threshold" in out
    code, out, _ = run(capsys, "diff", "--json", *data)
    found = json.loads(out)
    assert code == 3 and found["questions"][0]["why"]["causes"][0]["name"] == "cedar-2010.1"
    assert found["summary"].startswith("Since the accepted analysis: 1 row of studies.csv edited.")
    edit(topic, cell("cedar-2010.1", "events", "x"))
    assert run(capsys, "diff", *data)[0] == 1
    assert run(capsys, "diff", "--agianst", "x")[0] == 2


def test_accepting_replaces_the_folder_whole_and_nothing_else(topic: Path) -> None:
    accepted(topic)
    results = results_of(topic)
    made = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    assert made == {
        "results.json", "tables/overview.csv",
        *(f"inputs/{path.name}" for path in topic.iterdir()),
        *(f"{kind}/{key}.{form}" for key in ("leaks", "pleased", "pleased-reed")
          for kind, form in (("figures", "svg"), ("tables", "csv"))),
    }  # fmt: skip
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    (results / "figures" / "old.svg").write_text("left over")
    accepted(topic)
    after = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    assert after == before
    assert not [path for path in topic.parent.iterdir() if path.name.startswith(".results")]


def test_an_acceptance_that_was_killed_in_between_is_mended(topic: Path) -> None:
    accepted(topic)
    results = results_of(topic)
    results.replace(results.with_name(".results.before"))
    edit(topic, cell("alder-2001.2", "events", "x"))
    with pytest.raises(DataError):
        accepted(topic)
    assert (results / "results.json").exists(), "the old one is back though the new one failed"
    edit(topic, cell("alder-2001.2", "events", "5"))
    accepted(topic)
    assert (results / "results.json").exists()
    assert not results.with_name(".results.before").exists()


def test_accepting_refuses_a_folder_of_other_things(topic: Path) -> None:
    results_of(topic).mkdir()
    (results_of(topic) / "thesis.txt").write_text("mine")
    with pytest.raises(EvidenceError, match="holds no accepted analysis; move it out"):
        accepted(topic)
    assert (results_of(topic) / "thesis.txt").read_text() == "mine"


def test_inputs_changed_by_hand_are_noticed(topic: Path) -> None:
    accepted(topic)
    edit(results_of(topic) / "inputs", cell("alder-2001.2", "events", "6"))
    with pytest.raises(EvidenceError, match=r"is not what results\.json was made from"):
        since(topic)


def git(folder: Path, *words: str) -> None:
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    name = ("-c", "user.name=A Tester", "-c", "user.email=tester@example.org")
    subprocess.run(
        ["git", *name, *words], cwd=folder, check=True, capture_output=True,
        env={**os.environ, **quiet},
    )  # fmt: skip


def committed(folder: Path, subject: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", subject)


def test_against_a_git_revision(topic: Path) -> None:
    git(topic.parent, "init", "-q", "-b", "main")
    committed(topic.parent, "begin")
    add(topic, "elm-2015", 9, 60)
    found = since(topic, "main")
    assert [one.row for one in found.rows] == ["elm-2015.1", "elm-2015"]
    assert found.against == "main" and "main has no record of its own" in found.notes[0]
    assert found.questions[0].why.causes[0].name == "elm-2015.1"
    accepted(topic)
    committed(topic.parent, "accept")
    edit(topic, cell("elm-2015.1", "events", "10"))
    found = since(topic, "HEAD")
    assert found.notes == () and [one.kind for one in found.rows] == ["edited"]
    committed(topic.parent, "edit without accepting")
    assert since(topic, "HEAD").notes and since(topic, "HEAD").rows == ()
    for wrong in ("nothing", "--all", "HEAD:data"):
        with pytest.raises(EvidenceError, match="git rev-parse failed"):
            since(topic, wrong)


def test_files_that_are_not_valid_any_more_are_compared_without_attribution(topic: Path) -> None:
    git(topic.parent, "init", "-q", "-b", "main")
    accepted(topic)
    committed(topic.parent, "begin")
    old = (topic / "studies.csv").read_text()

    def spoil(found: dict) -> None:
        found["data"] = since_fingerprint

    from evidence.tables.load import fingerprint

    edit(results_of(topic) / "inputs", cell("alder-2001.2", "count_from", "guessed"))
    since_fingerprint = fingerprint(results_of(topic) / "inputs")
    rewrite(topic, spoil)
    assert (topic / "studies.csv").read_text() == old
    edit(topic, cell("alder-2001.2", "events", "6"))
    found = since(topic)
    assert "are not valid any more" in found.notes[0] and "count_from is 'guessed'" in str(found)
    assert found.questions[0].why is None and found.questions[0].figures["estimate"]
