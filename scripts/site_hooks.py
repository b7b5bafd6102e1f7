"""What mkdocs asks while it builds the site: the pages outside docs/, and a navigation of what there is.

README.md, CONTRIBUTING.md and CHANGELOG.md become pages, their links those of the site. A page that CHAPTERS
does not list is appended, one that it lists and that is not there is left out. A page that would fetch
anything from the network is an error.
"""

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

OUTSIDE = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
"""Pages of the site that lie beside docs/, by their place in it."""

CHAPTERS: dict[str, dict[str, str]] = {
    "Start": {
        "index.md": "gan-lab",
        "install.md": "Installing",
        "tutorial.md": "Your first ablation",
        "reading.md": "Reading a run",
        "troubleshooting.md": "Troubleshooting",
    },
    "How to": {
        "choosing.md": "Choose options",
        "datasets.md": "Use datasets",
        "runs.md": "Resume, sample, go faster",
        "sweeps.md": "Sweep",
        "slurm.md": "Use SLURM",
        "tensorboard.md": "Read TensorBoard",
        "trackers.md": "Log elsewhere",
        "plugins.md": "Add an objective",
    },
    "From Python": {
        "python.md": "Three lines",
        "python/runs.md": "Runs",
        "python/distances.md": "Distances",
        "python/quality.md": "Quality",
        "python/own_loop.md": "A loop of your own",
        "python/exports.md": "Exports",
    },
    "Reference": {
        "configuration.md": "Every setting",
        "tags.md": "Tags",
        "constraints.md": "Constraints",
        "defaults.md": "Defaults that live",
        "api.md": "API",
    },
    "Theory and results": {
        "distances.md": "The distances lab",
        "lectures.md": "Lecture pages",
        "experiments.md": "The paper's figures",
        "results/README.md": "Results",
        "results/toy_modes/README.md": "Modes of eight Gaussians",
        "results/paper_scale.md": "The paper's scale",
    },
    "The lab": {
        "architecture.md": "Architecture",
        "performance.md": "Performance",
        "reliability.md": "Reliability",
        "contributing.md": "Contributing",
        "changelog.md": "Changelog",
    },
}
OTHERS = "More"

_LINK = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)\s]+)")


def on_config(config: Any) -> Any:
    """Give mkdocs the navigation."""
    config["nav"] = navigation(pages())
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that lie outside docs/."""
    from mkdocs.structure.files import File

    for place, source in OUTSIDE.items():
        if (ROOT / source).is_file():
            files.append(File.generated(config, place, content=of_the_site(source)))
    return files


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Refuse a page that fetches scripts, styles or pictures from elsewhere."""
    from mkdocs.exceptions import PluginError

    if fetched := fetches(output):
        raise PluginError(f"{page.file.src_path} would fetch {', '.join(fetched)} from the network.")
    return output


def fetches(html: str) -> list[str]:
    """Return what a page loads from other hosts; links that a reader may follow are none of it."""
    loads = re.findall(r"<(?:script|img|iframe|source|video)\b[^>]*>", html)
    loads += [link for link in re.findall(r"<link\b[^>]*>", html) if re.search("stylesheet|preconnect", link)]
    return re.findall(r"\b(?:src|href)=[\"']?((?:https?:)?//[^\s\"'>]+)", " ".join(loads))


def pages() -> list[str]:
    """Return the places of all pages in the site, sorted."""
    inside = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    return sorted([*inside, *(place for place, source in OUTSIDE.items() if (ROOT / source).is_file())])


def navigation(found: list[str]) -> list[dict[str, Any]]:
    """Return mkdocs' navigation of pages: the chapters, without what is missing, and others at the end."""
    chapters = {
        title: [{name: place} for place, name in places.items() if place in found]
        for title, places in CHAPTERS.items()
    }
    listed = {place for places in CHAPTERS.values() for place in places}
    chapters[OTHERS] = [{title_of(place): place} for place in found if place not in listed]
    return [{title: entries} for title, entries in chapters.items() if entries]


def title_of(place: str) -> str:
    """Return the first heading of a page in docs/, else its name."""
    text = (DOCS / place).read_text(encoding="utf-8")
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    return heading[1] if heading else Path(place).stem


def of_the_site(source: str) -> str:
    """Return a page from beside docs/ with the site's links; files that the site lacks are only named."""
    text = (ROOT / source).read_text(encoding="utf-8")
    places = {page: place for place, page in OUTSIDE.items()}

    def moved(link: re.Match[str]) -> str:
        path, _, anchor = link[2].partition("#")
        place = places.get(path) or path.removeprefix("docs/")
        return f"{link[1]}{place}{'#' * bool(anchor)}{anchor}"

    def named(link: re.Match[str]) -> str:
        return link[0] if link[2].partition("#")[0] in places else f"`{link[2]}`"

    text = re.sub(r"(?<!!)\[([^\]]*)\]\((?!docs/|https?:|#)([^)]+)\)", named, text)
    return _LINK.sub(moved, text)
