"""The site: which pages it has, in which order, and that it fetches nothing; tried without mkdocs."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import site_hooks
import tutorial_page

ROOT = Path(__file__).parents[2]


def places(navigation: list[dict[str, object]]) -> list[str]:
    return [
        place
        for part in navigation
        for entries in part.values()
        for entry in entries
        for place in entry.values()
    ]


def test_the_navigation_has_every_page_once() -> None:
    found = site_hooks.pages()
    assert {"index.md", "tutorial.md", "results/README.md", "changelog.md"} <= set(found)
    assert sorted(places(site_hooks.navigation(found))) == found


def test_the_navigation_bears_pages_that_are_missing_or_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new.md").write_text("Not yet.\n\n# A new page\n")
    monkeypatch.setattr(site_hooks, "DOCS", tmp_path)
    assert site_hooks.navigation(["index.md", "new.md", "tags.md"]) == [
        {"Start": [{"gan-lab": "index.md"}]},
        {"Reference": [{"Tags": "tags.md"}]},
        {"More": [{"A new page": "new.md"}]},
    ]


def test_links_of_pages_beside_docs_are_those_of_the_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "README.md").write_text(
        "![a](docs/images/a.png) [b](docs/tags.md#loss) [c](CONTRIBUTING.md) [d](LICENSE) "
        "[e](https://example.org) [f](#g)"
    )
    monkeypatch.setattr(site_hooks, "ROOT", tmp_path)
    assert site_hooks.of_the_site("README.md") == (
        "![a](images/a.png) [b](tags.md#loss) [c](contributing.md) `LICENSE` [e](https://example.org) [f](#g)"
    )


def test_what_a_page_would_fetch_is_found() -> None:
    kept = (
        '<a href="https://example.org">x</a><script src="assets/a.js"></script><link rel="icon" href="a.png">'
    )
    assert site_hooks.fetches(kept) == []
    fetched = (
        '<script async src=https://cdn.example/a.js></script><link href="//fonts.example/b" rel="stylesheet">'
    )
    assert site_hooks.fetches(fetched + '<img alt="" src="http://c.example/d.png">') == [
        "https://cdn.example/a.js",
        "http://c.example/d.png",
        "//fonts.example/b",
    ]


def test_the_site_is_strict_about_links() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert (
        settings["validation"]["links"]["not_found"] == settings["validation"]["links"]["anchors"] == "warn"
    )
    assert settings["theme"]["font"] is False
    assert all((ROOT / hook).is_file() for hook in settings["hooks"])


def test_the_api_is_of_modules_that_exist() -> None:
    modules = re.findall(r"^::: (\S+)$", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(modules) > 8
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


def test_the_tutorial_runs_what_it_shows(tmp_path: Path) -> None:
    text = tutorial_page.PAGE.read_text(encoding="utf-8")
    assert [command.split()[:2] for command in tutorial_page.commands(text)] == [
        ["gan-lab", "train"],
        ["gan-lab", "train"],
        ["gan-lab", "runs"],
        ["gan-lab", "report"],
    ]
    assert all((ROOT / "docs" / "images" / name).is_file() for name in tutorial_page.FIGURES.values())
    assert tutorial_page.block_of("seq 5  # the last 2 lines", tmp_path) == (
        "```console\n$ seq 5  # the last 2 lines\n4\n5\n```"
    )
