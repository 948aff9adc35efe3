"""Figures as files: the same bytes from the same figure, on any day and in any folder."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, TiffImagePlugin

from .. import files
from ..errors import SynthesisError, choose
from .picture import figure_of
from .style import DEFAULT

FONT_CHAIN = "'DejaVu Sans', Verdana, Geneva, sans-serif"
"""Fonts for text in an SVG, all about as wide as the one that was measured."""


def save_figure(
    fig_or_ax: Figure | Axes,
    path: str | os.PathLike[str],
    *,
    alt: str | None = None,
    title: str | None = None,
    dpi: int = 300,
) -> Path:
    """Write a figure in the format of the file's suffix, ready for a journal.

    PDF embeds TrueType fonts, SVG keeps text as text, TIFF is LZW-compressed without transparency.
    All carry the alt text: SVG as title and desc, PNG as text chunk, PDF as subject, TIFF as image
    description. Nothing about the time, the folder or the machine enters the file.

    Args:
        fig_or_ax: the figure, or any Axes of it.
        path: where to; the folder must exist. The file is complete or not there.
        alt: text read in place of the figure; `forest` and its family leave theirs with the Axes.
        title: short title; the alt text's first sentence without one.
        dpi: pixels per inch of PNG and TIFF.

    Returns:
        The path.

    Raises:
        SynthesisError: an unknown suffix (the known ones are listed), a bad dpi.
        EvidenceError: a missing folder, or what the system says when it cannot write.
    """
    path = Path(path)
    write = choose(WRITERS, path.suffix.lower(), f"file suffix of {path.name!r}:")
    if not 1 <= dpi <= 2400:
        raise SynthesisError(f"dpi must lie between 1 and 2400, such as 300; it is {dpi!r}")
    figure = figure_of(fig_or_ax)
    alt = describe(figure) if alt is None else alt
    return files.write(path, write(figure, alt, _title(title, alt), dpi))


def svg_text(
    fig_or_ax: Figure | Axes, *, alt: str | None = None, title: str | None = None, salt: str
) -> str:
    """The figure as an SVG element to put into a page.

    It scales with its column, is one image to a screen reader, and takes its colours from the
    page's custom properties `--figure-ink`, `--figure-paper` and so on (the names in
    `ForestStyle.colours`), with the figure's own colours where the page sets none.

    Args:
        fig_or_ax: the figure, or any Axes of it.
        alt: as in `save_figure`.
        title: as in `save_figure`.
        salt: a name that is unique in the page; all ids start with it.

    Raises:
        SynthesisError: a salt that cannot be part of an id.
    """
    if not re.fullmatch(r"[A-Za-z][\w-]*", salt):
        raise SynthesisError(
            f"salt must start with a letter and hold letters, digits, - and _ only; it is {salt!r}"
        )
    figure = figure_of(fig_or_ax)
    alt = describe(figure) if alt is None else alt
    width = figure.get_size_inches()[0] * 72
    size = f'style="width:100%;max-width:{width / 0.75:.0f}px;height:auto"'
    return _element(_raw_svg(figure), alt, _title(title, alt), salt, size, themed=True)


def svg_document(figure: Figure, alt: str | None = None, title: str | None = None) -> str:
    """The figure as a standalone SVG file of its own physical size."""
    alt = describe(figure) if alt is None else alt
    width, height = figure.get_size_inches() * 72
    size = f'width="{width:.2f}pt" height="{height:.2f}pt"'
    element = _element(_raw_svg(figure), alt, _title(title, alt), "figure", size, themed=False)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{element}\n'


def describe(figure: Figure) -> str:
    """The alt text that the drawing functions left with the figure's Axes; empty without one."""
    labels = [str(axes.get_label()) for axes in figure.axes]
    return " ".join(label for label in labels if label and not label.startswith(("<", "_")))


def _title(title: str | None, alt: str) -> str:
    return title or re.split(r"(?<=[^\d])\. ", alt, maxsplit=1)[0].rstrip(".") or "Figure"


def _render(figure: Figure, form: str, metadata: dict[str, str | None], dpi: int = 72) -> bytes:
    buffer = io.BytesIO()
    fixed: dict[str, Any] = {
        "pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "evidence",
    }  # fmt: skip
    with matplotlib.style.context(["default", fixed]):
        figure.savefig(buffer, format=form, metadata=metadata, dpi=dpi)
    return buffer.getvalue()


def _pdf(figure: Figure, alt: str, title: str, dpi: int) -> bytes:  # noqa: ARG001
    fields = {"Title": title, "Subject": alt, "CreationDate": None}
    return _render(figure, "pdf", fields)


def _png(figure: Figure, alt: str, title: str, dpi: int) -> bytes:
    return _render(figure, "png", {"Title": title, "Description": alt, "Software": None}, dpi)


def _svg(figure: Figure, alt: str, title: str, dpi: int) -> bytes:  # noqa: ARG001
    return svg_document(figure, alt, title).encode()


def _tiff(figure: Figure, alt: str, title: str, dpi: int) -> bytes:  # noqa: ARG001
    picture = Image.open(io.BytesIO(_render(figure, "png", {}, dpi))).convert("RGB")
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = alt.encode("ascii", "backslashreplace").decode()
    buffer = io.BytesIO()
    picture.save(buffer, "TIFF", compression="tiff_lzw", dpi=(dpi, dpi), tiffinfo=tags)
    return buffer.getvalue()


def _raw_svg(figure: Figure) -> str:
    fields = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    return _render(figure, "svg", fields).decode()


def _element(raw: str, alt: str, title: str, salt: str, size: str, *, themed: bool) -> str:
    """An SVG of matplotlib's SVG made accessible, with ids of its own and a chain of fonts."""
    head = re.search(r'<svg [^>]*viewBox="([^"]+)"[^>]*>', raw)
    if head is None:
        raise SynthesisError("matplotlib wrote an SVG that cannot be read; check its version")
    body = raw[head.end() : raw.rindex("</svg>")]
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.S)
    body = _own_ids(body, salt)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, count=1, flags=re.S)
    body = body.replace("'DejaVu Sans'", FONT_CHAIN)
    body = re.sub(r"\s*\n\s*", "\n", body)
    if themed:
        for name, colour in DEFAULT.colours().items():
            body = body.replace(f": {colour}", f": var(--figure-{name}, {colour})")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{head[1]}" {size} stroke-linejoin="round" role="img" '
        f'aria-labelledby="{salt}-title {salt}-desc">\n'
        f'<title id="{salt}-title">{escape(title)}</title>\n'
        f'<desc id="{salt}-desc">{escape(alt)}</desc>{body}</svg>'
    )


def _own_ids(body: str, salt: str) -> str:
    """Keep only the ids that something refers to, each starting with the salt."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', body))

    def named(match: re.Match[str]) -> str:
        return f' id="{salt}-{match[1]}"' if match[1] in used else ""

    body = re.sub(r' id="([^"]+)"', named, body)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{salt}-", body)


Writer = Callable[[Figure, str, str, int], bytes]

WRITERS: dict[str, Writer] = {
    ".pdf": _pdf,
    ".svg": _svg,
    ".png": _png,
    ".tiff": _tiff,
    ".tif": _tiff,
}
"""Formats by suffix: figure, alt text, title and dpi -> the bytes of the file."""
