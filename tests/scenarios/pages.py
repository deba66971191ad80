"""What is asked of every page: its words, and that it stands alone."""

from __future__ import annotations

import re
from xml.etree import ElementTree


def words(html: str) -> str:
    """The text of a page, without tags, with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html.replace("\u00a0", " "))).replace(" .", ".")


def check_well_formed_small_and_closed(page: str) -> None:
    """It is XML with names that are unique, less than 1 MB, and nothing in it runs or is fetched."""
    ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))
    assert len(page.encode()) < 1_000_000
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "url(" not in page
    assert "default-src 'none'" in page
    names = re.findall(r' id="([^"]*)"', page)
    assert len(names) == len(set(names))
