"""Frames as CSV and XLSX files in which a text stays a text, whatever it begins with."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandas as pd

from ..errors import SynthesisError, choose
from ..files import write

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_WIDEST = 60


def save_table(frame: pd.DataFrame, path: Path | str) -> Path:
    """Write a frame as the suffix says: `.csv` or `.xlsx`; the same frame gives the same bytes.

    A text cell that a spreadsheet would run as a formula stays a text: in XLSX by its cell type,
    in CSV by an apostrophe in front (the advice of OWASP on CSV injection).

    Raises:
        SynthesisError: another suffix.
        EvidenceError: the file cannot be written.
    """
    path = Path(path)
    if not path.suffix:
        raise SynthesisError(f"{path} has no suffix; choose one of: {', '.join(WRITERS)}")
    return write(path, choose(WRITERS, path.suffix.lower(), "table suffix")(frame))


def _csv(frame: pd.DataFrame) -> bytes:
    def harmless(value: object) -> object:
        return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

    safe = frame.map(harmless).rename(columns=harmless)
    return safe.to_csv(index=False, lineterminator="\n").encode()


def _xlsx(frame: pd.DataFrame) -> bytes:
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # a clock would change the bytes
        sheet = book.add_worksheet("table")
        bold = book.add_format({"bold": True, "bottom": 1})
        for place, (name, cells) in enumerate(frame.items()):
            sheet.write_string(0, place, str(name), bold)
            widest = len(str(name))
            for line, value in enumerate(cells, start=1):
                if pd.isna(value):
                    continue
                if isinstance(value, str):
                    sheet.write_string(line, place, value)
                else:
                    sheet.write(line, place, value.item() if hasattr(value, "item") else value)
                widest = max(widest, min(len(str(value)), _WIDEST))
            sheet.set_column(place, place, widest + 2)
        sheet.freeze_panes(1, 0)
        if len(frame):
            sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)
    return content.getvalue()


WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {".csv": _csv, ".xlsx": _xlsx}
"""How a table is written, by suffix."""
