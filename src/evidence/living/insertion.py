"""New lines in the text of a table or a bibliography; every other byte stays as it is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from itertools import pairwise

from ..errors import EvidenceError

_BOM = b"\xef\xbb\xbf"
_ENTRY = re.compile(rb"^[ \t]*@(?!comment|string|preamble)\w+\s*\{\s*([^,\s]+)", re.M | re.I)


def insert_row(content: bytes, cells: Mapping[str, str]) -> bytes:
    r"""A CSV file with one more row: behind the last one of the same study, or at the end.

    The row follows the header's order of columns and the file's line ends; its cells are quoted
    where they must be, or all where the header's are.

    Args:
        content: the file, valid UTF-8.
        cells: column -> text; columns that it lacks are blank.

    Raises:
        EvidenceError: a column that the file does not have.

    >>> insert_row(b"study_id,notes\r\na,\r\nb,\r\n", {"study_id": "a", "notes": "x, y"})
    b'study_id,notes\r\na,\r\na,"x, y"\r\nb,\r\n'
    """
    body = content.removeprefix(_BOM)
    lines = list(io.StringIO(body.decode("utf-8"), newline=""))
    reader = csv.reader(iter(lines), strict=True)
    header = next(reader, [])
    unknown = [name for name in cells if name not in header]
    if unknown:
        raise EvidenceError(
            f"the file has no column {unknown[0]!r}; it has {', '.join(header)}: add the column to "
            "its header, and a comma to every row, or leave the cell out"
        )
    study = header.index("study_id") if "study_id" in header else 0
    place, last = 0, reader.line_num
    for row in reader:
        if any(row):
            last = reader.line_num
            if row[study] == cells.get(header[study]):
                place = last
    place = place or last
    text = io.StringIO(newline="")
    quoted = body[:1] == b'"'
    writer = csv.writer(
        text, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator=""
    )
    writer.writerow([cells.get(name, "") for name in header])
    at = len(content) - len(body) + sum(len(line.encode()) for line in lines[:place])
    return _put(content, at, text.getvalue().encode())


def insert_entry(content: bytes, key: str, entry: str) -> bytes:
    r"""A BibTeX file with one more entry: in its place where keys are in order, or at the end.

    >>> insert_entry(b"@misc{a,\n}\n\n@misc{c,\n}\n", "b", "@misc{b,\n}")
    b'@misc{a,\n}\n\n@misc{b,\n}\n\n@misc{c,\n}\n'
    """
    end = _line_end(content)
    text = entry.strip().replace("\n", end.decode()).encode()
    found = [(match[1].decode(), match.start()) for match in _ENTRY.finditer(content)]
    ordered = all(one[0] <= two[0] for one, two in pairwise(found))
    behind = next((at for name, at in found if name > key), None) if ordered else None
    if behind is not None:
        at = _above_comments(content, behind)
        return content[:at] + text + end + end + content[at:]
    missing = b"" if not content or content.endswith(end) else end
    return content + missing + (end if content.strip() else b"") + text + end


def _above_comments(content: bytes, at: int) -> int:
    """The start of the comment lines that stand directly above an entry."""
    while at:
        start = content.rfind(b"\n", 0, at - 1) + 1
        if not content[start:at].lstrip().startswith(b"%"):
            return at
        at = start
    return at


def _put(content: bytes, at: int, line: bytes) -> bytes:
    """The content with a line at a place where a line begins, or at an end without a line end."""
    end = _line_end(content)
    if at == len(content) and not content.endswith((b"\n", b"\r")):
        return content + end + line
    return content[:at] + line + end + content[at:]


def _line_end(content: bytes) -> bytes:
    """The line end that the file uses first."""
    found = re.search(rb"\r\n|\n|\r", content)
    return found[0] if found else b"\n"
