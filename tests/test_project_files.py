"""Links in pages lead somewhere, and the files around the code say what the code says."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from trove_classifiers import classifiers

import gan_lab

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]+)\)")


def prose(path: Path) -> str:
    """A page without its blocks and spans of code, where brackets are no links."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path: Path) -> set[str]:
    """The headings of a page as GitHub and the site call them."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def dead_links(path: Path) -> list[str]:
    dead = []
    for link in LINK.findall(prose(path)):
        place, _, anchor = link.partition("#")
        target = path.parent / place if place else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_link_is_dead(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A title, with `code`\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](other.md) [b](other.md#a-title-with-code) [c](#here) [d](https://example.org)\n"
        "[e](missing.md) [f](other.md#nowhere) ![g](missing.png) `[h](in_code)`\n"
    )
    assert dead_links(page) == ["missing.md", "other.md#nowhere", "missing.png"]


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["title"], citation["version"]) == (PROJECT["name"], gan_lab.__version__)
    assert (citation["license"], citation["abstract"].strip()) == (PROJECT["license"], PROJECT["description"])
    assert citation["authors"] == PROJECT["authors"]


def test_classifiers_exist() -> None:
    assert set(PROJECT["classifiers"]) <= classifiers


def test_the_workflow_asks_what_a_change_must_pass() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    commands = {name: [step.get("run") for step in job["steps"]] for name, job in workflow["jobs"].items()}
    assert ".ci/run" in commands["test"]
    assert "make docs TORCH=cpu" in commands["site"]
    made = re.findall(r"make (\S+)", " ".join(run or "" for runs in commands.values() for run in runs))
    targets = re.findall(r"^(\S+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {target.replace(".venv", "$(VENV)") for target in made} <= set(targets)


def test_hooks_before_a_commit_are_what_make_lint_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0][
        "hooks"
    ]
    tools = {
        " ".join(hook["entry"].removeprefix(".venv/bin/").split()[:2]).removesuffix(" --force-exclude")
        for hook in hooks
    }
    shown = subprocess.run(
        ["make", "--dry-run", "--old-file=.venv/installed", "lint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert tools == {"ruff format", "ruff check", "mypy"}
    assert all(tool in shown for tool in tools)


def test_the_image_is_made_of_files_that_it_is_given() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    given = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"gan_lab", "conf", "requirements.lock", "scripts/install_requirements.sh"} <= set(copied)
    assert [name for name in copied if f"!{name}" not in given or not (ROOT / name).exists()] == []
