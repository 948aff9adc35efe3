from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pandas as pd
import pypdf
import pytest
from matplotlib.figure import Figure
from PIL import Image

from evidence import pool
from evidence.errors import EvidenceError, SynthesisError
from evidence.plots.export import (
    WRITERS,
    Provenance,
    describe,
    figure_table,
    save_figure,
    save_figure_table,
    svg_text,
)
from evidence.plots.forest import forest

SVG = "{http://www.w3.org/2000/svg}"
FRAME = pd.DataFrame(
    {
        "study_id": ["a", "b", "c", "d"],
        "label": ["Lebow 2011", "Ångström", "Чехов 2004", "A & B <C>"],
        "events": [11, 6, 10, 0],
        "total": [108, 171, 21, 40],
    }
)
ROOT = Path(__file__).resolve().parents[1]
SOURCE = Provenance("symptomatic-recurrence", "0123abcd", "9.9")
FORMATS = (".pdf", ".svg", ".png", ".tiff", ".tif")


@pytest.fixture(scope="module")
def axes():
    return forest(pool(FRAME), title="Recurrence <2 years & later")


def test_register_holds_the_formats_of_this_file():
    assert tuple(WRITERS) == FORMATS


def test_bytes_are_the_same_in_another_process_time_zone_folder_and_epoch(axes, tmp_path):
    script = (
        "import sys\n"
        "from tests.test_plots_export import FORMATS, FRAME, SOURCE, forest, pool, save_figure\n"
        "ax = forest(pool(FRAME), title='Recurrence <2 years & later')\n"
        "for suffix in FORMATS: save_figure(ax, 'other' + suffix, provenance=SOURCE)\n"
    )
    other = tmp_path / "elsewhere"
    other.mkdir()
    folders = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    changes = {"TZ": "Pacific/Auckland", "SOURCE_DATE_EPOCH": "86400", "PYTHONPATH": folders}
    subprocess.run([sys.executable, "-c", script], cwd=other, env=os.environ | changes, check=True)
    for suffix in FORMATS:
        own = save_figure(axes, tmp_path / f"own{suffix}", provenance=SOURCE)
        assert digest(own) == digest(other / f"other{suffix}")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_pdf_embeds_truetype_and_carries_title_and_alt_text(axes, tmp_path):
    reader = pypdf.PdfReader(save_figure(axes, tmp_path / "f.pdf", title="My title"))
    page = reader.pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    kinds = {font["/Subtype"] for font in fonts}
    described = [
        child.get_object()["/FontDescriptor"]
        for font in fonts
        for child in font.get("/DescendantFonts", [font])
    ]
    assert kinds <= {"/TrueType", "/Type0"}
    assert all("/FontFile2" in descriptor for descriptor in described)
    assert reader.metadata.title == "My title"
    assert reader.metadata.subject == axes.get_label()
    assert "/CreationDate" not in reader.metadata
    assert "Lebow 2011" in page.extract_text()


@pytest.mark.parametrize("suffix", [".tif", ".tiff"])
def test_tiff_is_lzw_rgb_at_the_asked_resolution(suffix, axes, tmp_path):
    with Image.open(save_figure(axes, tmp_path / f"f{suffix}")) as picture:
        assert picture.info["compression"] == "tiff_lzw"
        assert picture.info["dpi"] == (300, 300)
        assert picture.mode == "RGB"
        assert picture.size[0] == pytest.approx(axes.figure.get_size_inches()[0] * 300, abs=1)
        assert picture.tag_v2[270].startswith("Forest plot: Recurrence")


def test_png_has_text_chunks_and_resolution(axes, tmp_path):
    with Image.open(save_figure(axes, tmp_path / "f.png", alt="Äpfel und Чехов")) as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert picture.info["Description"] == "Äpfel und Чехов"
        assert "Software" not in picture.info


def test_dpi_is_kept(axes, tmp_path):
    with Image.open(save_figure(axes, tmp_path / "f.png", dpi=600)) as picture:
        assert picture.info["dpi"] == pytest.approx((600, 600), abs=0.1)


def test_svg_file_is_an_accessible_image_with_text_as_text(axes, tmp_path):
    root = ElementTree.parse(save_figure(axes, tmp_path / "f.svg", title="A & B")).getroot()
    assert root.get("role") == "img"
    named = [root.find(f"*[@id='{name}']") for name in root.get("aria-labelledby").split()]
    assert [element.tag for element in named] == [f"{SVG}title", f"{SVG}desc"]
    assert [element.text for element in named] == ["A & B", axes.get_label()]
    written = [element.text for element in root.iter(f"{SVG}text")]
    assert {"Lebow 2011", "Чехов 2004", "A & B <C>", "Pooled estimate"} <= set(written)
    assert "Verdana, Geneva, sans-serif" in ElementTree.tostring(root, "unicode")
    assert root.get("width").endswith("pt")


def test_inline_svg_has_no_prolog_fixed_size_or_page_wide_style(axes):
    text = svg_text(axes, salt="q1")
    root = ElementTree.fromstring(text)
    assert text.startswith("<svg ")
    assert root.get("width") is None
    assert "max-width:" in root.get("style")
    assert root.find(f".//{SVG}style") is None
    assert "var(--figure-ink, #1a1a1a)" in text


def test_inline_svgs_of_one_page_share_no_id_and_miss_none(axes):
    page = svg_text(axes, salt="one") + svg_text(axes, salt="two")
    root = ElementTree.fromstring(f"<page>{page}</page>")
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    used = {
        value.split("#")[1].rstrip(")")
        for element in root.iter()
        for name, value in element.items()
        if name.endswith("href") or value.startswith("url(")
    }
    assert len(ids) == len(set(ids))
    assert used <= set(ids)
    assert all(name.startswith(("one-", "two-")) for name in ids)


@pytest.mark.parametrize("salt", ["", "1a", "a b", 'a"', "a>"])
def test_salt_that_cannot_be_an_id_is_refused(salt, axes):
    with pytest.raises(SynthesisError, match="salt must start with a letter"):
        svg_text(axes, salt=salt)


def test_unknown_suffix_lists_the_known_ones(axes, tmp_path):
    with pytest.raises(SynthesisError, match=r"'\.jpg' is unknown.*\.pdf, \.svg, \.png"):
        save_figure(axes, tmp_path / "f.jpg")


def test_missing_folder_and_a_folder_as_target_are_named(axes, tmp_path):
    with pytest.raises(EvidenceError, match=r"folder .*nowhere does not exist"):
        save_figure(axes, tmp_path / "nowhere" / "f.png")
    (tmp_path / "d.png").mkdir()
    with pytest.raises(EvidenceError, match="it is a folder"):
        save_figure(axes, tmp_path / "d.png")


@pytest.mark.parametrize("dpi", [0, -300, 5000])
def test_impossible_dpi_is_refused(dpi, axes, tmp_path):
    with pytest.raises(SynthesisError, match="dpi must lie between"):
        save_figure(axes, tmp_path / "f.png", dpi=dpi)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(axes, tmp_path, monkeypatch):
    path = save_figure(axes, tmp_path / "f.png")
    before = path.read_bytes()

    def broken(self, target):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(EvidenceError, match=r"cannot write .*f\.png: disk full"):
        save_figure(axes, path, dpi=100)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["f.png"]


def test_settings_of_the_session_change_nothing(axes, tmp_path):
    own = save_figure(axes, tmp_path / "own.pdf")
    before = dict(matplotlib.rcParams)
    changed = {
        "font.family": "serif", "text.usetex": False, "axes.facecolor": "black",
        "savefig.bbox": "tight", "savefig.transparent": True, "pdf.fonttype": 3,
        "axes.grid": True, "lines.linewidth": 9, "text.color": "red", "xtick.labelsize": 30,
    }  # fmt: skip
    with matplotlib.rc_context(changed):
        inside = dict(matplotlib.rcParams)
        again = forest(pool(FRAME), title="Recurrence <2 years & later")
        other = save_figure(again, tmp_path / "other.pdf")
        assert dict(matplotlib.rcParams) == inside
    assert dict(matplotlib.rcParams) == before
    assert digest(own) == digest(other)


def test_a_figure_without_alt_text_is_written_and_says_nothing_false(tmp_path):
    figure = Figure()
    figure.subplots()
    assert describe(figure) == ""
    root = ElementTree.fromstring(svg_text(figure, salt="x"))
    assert root.find(f"{SVG}title").text == "Figure"
    save_figure(figure, tmp_path / "f.tiff")


def test_axes_and_figure_give_the_same_file(axes):
    assert svg_text(axes, salt="x") == svg_text(axes.figure, salt="x")


def test_notebook_shows_the_axes_as_one_image_with_alt_text(axes):
    html = axes._repr_html_()
    assert html.count("<img ") == 1
    assert "Forest plot: Recurrence &lt;2 years &amp; later." in html
    assert "data:image/svg+xml;base64," in html


def test_module_leaves_pyplot_alone():
    code = (
        "import sys, evidence.plots.forest, evidence.plots.export\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_png_is_drawn_from_the_same_picture(axes, tmp_path):
    data = save_figure(axes, tmp_path / "f.png", dpi=100).read_bytes()
    with Image.open(io.BytesIO(data)) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1_000_000)}
    assert {(255, 255, 255), (0x6D, 0x9D, 0xC5), (0x1A, 0x1A, 0x1A)} <= colours


SAID = "question: symptomatic-recurrence; data: sha256 0123abcd; made by: fbss-evidence 9.9"


def test_every_format_carries_where_it_comes_from(axes, tmp_path):
    paths = {s: save_figure(axes, tmp_path / f"f{s}", provenance=SOURCE) for s in FORMATS}
    assert str(SOURCE) == SAID
    assert pypdf.PdfReader(paths[".pdf"]).metadata["/Keywords"] == SAID
    with Image.open(paths[".png"]) as picture:
        assert picture.info["Source"] == SAID
    with Image.open(paths[".tiff"]) as picture:
        assert picture.tag_v2[305] == SAID
    root = ElementTree.parse(paths[".svg"]).getroot()
    assert root.find(f"{SVG}metadata").text == SAID
    assert "<metadata>" not in save_figure(axes, tmp_path / "plain.svg").read_text("utf-8")


def test_the_table_of_a_figure_stands_beside_it(axes, tmp_path):
    figure = save_figure(axes, tmp_path / "f.pdf")
    table = save_figure_table(axes, figure)
    assert table == tmp_path / "f.csv"
    read = pd.read_csv(table)
    assert read["kind"].tolist() == ["study"] * 4 + ["pooled", "prediction"]
    assert read["estimate"].iloc[0] == 11 / 108
    assert figure_table(axes.figure).equals(figure_table(axes))
    with pytest.raises(SynthesisError, match="carries no table"):
        figure_table(Figure())
