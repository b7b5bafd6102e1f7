"""docs/python*: what the pages show is what comes out."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted((DOCS / "python").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_comes_out(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page.stem == "exports":
        pytest.importorskip("safetensors")
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    failed, tried = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    assert (failed, tried >= 5) == (0, True)


def test_the_overview_links_every_page() -> None:
    text = (DOCS / "python.md").read_text(encoding="utf-8")
    linked = [page for page in PAGES if f"(python/{page.name})" in text]
    assert linked == PAGES
    assert len(PAGES) == 5
    notebooks = sorted((DOCS / "notebooks").glob("*.ipynb"))
    assert [f"(notebooks/{path.name})" in text for path in notebooks] == [True, True]
