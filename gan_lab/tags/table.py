"""The table of all tags, in the order in which they are read, and what is looked up in it.

A plug-in may log tags that are not in it: they come last within their group, and are called by their names.
"""

from collections.abc import Container

from gan_lab.tags import names
from gan_lab.tags.distances import DISTANCES
from gan_lab.tags.samples import QUALITY, TESTS
from gan_lab.tags.tag import EVERY_RUN, Tag
from gan_lab.tags.training import HEALTH, LAYERS, LOSSES, PACE, SHOWN

TABLE: tuple[Tag, ...] = (*DISTANCES, *HEALTH, *QUALITY, *LOSSES, *LAYERS, *PACE, *TESTS, *SHOWN)

GROUPS = tuple(dict.fromkeys(names.group_of(tag.name) for tag in TABLE))
"""What stands before the slash, in reading order."""

ESTIMATES = (names.JSD, names.F_DIVERGENCE, names.MEDIAN, names.RAW)
"""What can be the estimate of a run, the most telling first: see :func:`estimate_of`."""

PINNED = tuple(tag.name for tag in TABLE if tag.pinned)
"""Whose cards ``gan-lab board`` pins, in reading order."""

_SINGLE = {tag.name: tag for tag in TABLE if not tag.is_family}
_FAMILIES = [tag for tag in TABLE if tag.is_family]


def estimate_of(tags: Container[str]) -> str | None:
    """Return which of a run's tags is *the* estimate: what its critic says of the distance.

    The divergence that its objective names; of an objective that names none, as Wasserstein's do, the score
    gap, filtered where there is a filtered one, because single values of it are noise.
    """
    return next((tag for tag in ESTIMATES if tag in tags), None)


def is_of_samples(name: str) -> bool:
    """Return whether a tag is known to be a distance or a quality of samples, or the floor of one.

    Such are measured every `metrics.every` iterations; what a critic estimates of them, at every iteration.
    """
    group = names.group_of(name)
    known = group == names.DISTANCE and find_tag(name) is not None and name not in ESTIMATES
    return group == names.QUALITY or known


def find_tag(name: str) -> Tag | None:
    """Return the row of a tag, that of its family if it has none of its own; None if it is nobody's."""
    return _SINGLE.get(name) or next((family for family in _FAMILIES if family.matches(name)), None)


def order_of(name: str) -> tuple[int, int, str]:
    """Return a key to sort tags by: by group, then as in the table, then by name; unknown ones last."""
    group, tag = names.group_of(name), find_tag(name)
    return (
        GROUPS.index(group) if group in GROUPS else len(GROUPS),
        TABLE.index(tag) if tag else len(TABLE),
        name,
    )


def title_of(name: str) -> str:
    """Return what a chart calls a tag."""
    tag, measured = _SINGLE.get(name), names.measured_above(name)
    if tag is not None and tag.title:
        return tag.title
    if measured is not None:
        return f"{title_of(measured)}, floor"
    return name.partition("/")[2].replace("_", " ") or name


def label_of(name: str) -> str:
    """Return what an axis says: the title, with the unit behind it where there is one."""
    tag = _SINGLE.get(name)
    return f"{title_of(name)} ({tag.unit})" if tag is not None and tag.unit else title_of(name)


def charts_of(group: str) -> dict[str, list[str]]:
    """Return the charts of a group in TensorBoard's custom scalars, title to tags.

    Those of what every run logs come first, so that none is empty at the top; a metric of quality has its
    floor beside it.
    """
    charts: dict[str, list[str]] = {}
    shown = [tag for tag in TABLE if tag.chart and names.group_of(tag.name) == group]
    for tag in sorted(shown, key=lambda tag: not tag.logged_by.startswith(EVERY_RUN)):
        floor = [names.floor_tag(tag.name)] if group == names.QUALITY else []
        charts.setdefault(tag.chart, []).extend([tag.name, *floor])
    return charts
