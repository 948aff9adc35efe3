"""Tables for a spreadsheet: texts stay texts, numbers stay numbers, bytes stay the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from evidence import EvidenceError, SynthesisError, save_table

HARMFUL = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "＝1")
FRAME = pd.DataFrame(
    {
        "text": ["plain", *HARMFUL[:5], None],
        "=name": ["https://example.org", *[HARMFUL[5]] * 6],
        "count": pd.array([1, 2, 3, 4, 5, 6, None], "Int64"),
        "rate": [0.1, 1 / 3, -0.5, 1e-12, 0.0, 1.0, None],
        "kept": [True] * 7,
    }
)


def test_csv_guards_every_text_that_would_run(tmp_path: Path) -> None:
    path = save_table(FRAME, tmp_path / "t.csv")
    back = pd.read_csv(path, keep_default_na=False)
    assert list(back) == ["text", "'=name", "count", "rate", "kept"]
    assert back["text"].tolist() == ["plain", *(f"'{text}" for text in HARMFUL[:5]), ""]
    assert pd.to_numeric(back["rate"])[:6].tolist() == FRAME["rate"][:6].tolist()


def test_xlsx_cells_keep_their_kind(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(save_table(FRAME, tmp_path / "t.xlsx")).active
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == list(FRAME)
    assert [cell.value for cell in rows[1]] == ["plain", "https://example.org", 1, 0.1, True]
    kinds = {cell.data_type for row in rows[1:] for cell in row[:2] if cell.value is not None}
    assert kinds == {"s"}, "a formula or a number where a text was"
    assert [row[0].value for row in rows[2:7]] == [*HARMFUL[:4], "\tx"]
    assert [cell.value for cell in rows[7]] == [None, "＝1", None, None, True]
    assert sheet.freeze_panes == "A2"


def test_empty_frame_is_a_header(tmp_path: Path) -> None:
    save_table(FRAME.iloc[:0], tmp_path / "t.xlsx")
    assert save_table(FRAME.iloc[:0], tmp_path / "t.csv").read_text().count("\n") == 1


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_same_bytes_from_another_process_and_time_zone(tmp_path: Path, suffix: str) -> None:
    code = (
        "import pandas as pd; from evidence import save_table\n"
        f"save_table(pd.DataFrame({{'a': ['=x', 'é'], 'b': [1, 2.5]}}), 'there{suffix}')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env={"TZ": "Asia/Tokyo"})
    here = save_table(pd.DataFrame({"a": ["=x", "é"], "b": [1, 2.5]}), tmp_path / f"here{suffix}")
    assert here.read_bytes() == (tmp_path / f"there{suffix}").read_bytes()


def test_unknown_suffix_lists_the_choices(tmp_path: Path) -> None:
    with pytest.raises(SynthesisError, match=r"'.ods' is unknown; choose one of: .csv, .xlsx"):
        save_table(FRAME, tmp_path / "t.ods")
    with pytest.raises(SynthesisError, match=r"has no suffix; choose one of: .csv, .xlsx"):
        save_table(FRAME, tmp_path / "t")


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="cannot write"):
        save_table(FRAME, tmp_path / "file" / "t.csv")


def test_no_half_written_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_table(FRAME, tmp_path / "t.csv")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    before = (tmp_path / "t.csv").read_bytes()
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(EvidenceError, match="No space left on device"):
        save_table(FRAME.iloc[:1], tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
