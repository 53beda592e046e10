"""decode --html: a page that stands by itself."""

import re
import stat

import pytest
from lxml import html
from tests.unit.picture.conftest import record


def page(site, *options, data=None, code=0):
    target = site.folder / "page.html"
    data = data or site.file("a.dat", record())
    result = site.call("decode", "--html", target, *options, data)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    return target.read_text(encoding="utf-8")


def test_a_page_holds_the_records(site):
    """A table a record with offset, bytes, characters, item, type, value; without --show of the first ten."""
    tree = html.fromstring(page(site, data=site.file("a.dat", record() * 12)))
    assert len(tree.findall(".//table")) == 10
    row = tree.findall(".//table")[1].findall("tbody/tr")[2]
    cells = ["49", "16", "34 33 30 30 36 31 35", "4300615", "生年月日", "D", "2018-06-15", None]
    assert [cell.text for cell in row] == cells


def test_a_page_needs_nothing_from_outside(site):
    """No link, script, image or font, and a policy that forbids them."""
    text = page(site)
    assert re.findall(r"(?:src|href)=|url\(|@import|<script|<link|<img", text) == []
    assert "default-src 'none'" in text


def test_a_page_is_readable_in_light_and_dark(site):
    """Colours for both, by what the reader's system asks for."""
    assert "prefers-color-scheme:dark" in page(site)


@pytest.mark.parametrize("hostile", ["<b>x</b>", "<script>a", '"><img>', "&lt;x"])
def test_what_comes_from_a_file_is_text(site, hostile):
    """Markup in a value, in the name of an item or of the file is shown and never obeyed."""
    layout = f"name,type,length\n{'<i>項目'},X,10\n"
    (site.folder / "layout.csv").write_text(layout, encoding="utf-8")
    data = site.file("<u>a.dat", hostile.ljust(10).encode())
    text = page(site, data=data)
    tree = html.fromstring(text)
    assert [each.tag for each in tree.iter("b", "script", "img", "i", "u")] == []
    row = tree.find(".//tbody/tr")
    assert (row[3].text.rstrip(), row[4].text) == (hostile, "<i>項目")


def test_private_items_are_masked_in_a_page(site):
    """Bytes, characters and value; the page says whether they are."""
    text = page(site)
    assert "山田花子" not in text
    assert "山田花子".encode("cp932").hex(" ").upper() not in text
    assert "Sensitive items are masked." in text
    assert "山田花子" in page(site, "--reveal")


def test_a_page_is_its_owners(site):
    """Nobody else may read it."""
    page(site)
    assert stat.S_IMODE((site.folder / "page.html").stat().st_mode) == 0o600


def test_faults_stand_in_the_page(site):
    """At the item, with code and meaning in the reader's language; the exit code says so, too."""
    data = site.file("a.dat", record(amount=b"\xff\xff\xff"))
    assert "DEC-006" in page(site, data=data, code=1)
    assert 'lang="ja"' in page(site, "--lang", "ja", data=data, code=1)


def test_a_page_does_not_overwrite_what_it_is_made_of(site):
    """Neither the data nor the layout; a folder that cannot be written is told."""
    data = site.file("a.dat", record())
    assert site.call("decode", "--html", data, data).exit_code == 2
    assert site.call("decode", "--html", site.folder / "layout.csv", data).exit_code == 2
    assert site.call("decode", "--html", site.folder / "none" / "page.html", data).exit_code == 2
    assert data.read_bytes() == record()
