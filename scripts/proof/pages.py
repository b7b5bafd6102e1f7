"""What must be on a page of TensorBoard, looked for in the page itself and in its picture."""

import io
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan_lab.config.digits import is_number
from proof.devtools import Browser

_PATIENCE_S = 60.0
_COLOURED = 25  # difference of an 8-bit pixel's channels: grey lines and letters have none
_FEWEST_PIXELS = 30  # of a curve; the grid and the text have none

_CARDS = "all('tf-custom-scalar-margin-chart-card, tf-custom-scalar-multi-line-chart-card').filter(shown)"
_LIST = "all('tf-multi-checkbox').filter(shown).flatMap(e => e.names)"
_BUSY = (
    "all('paper-spinner-lite, mat-spinner').filter(e => shown(e) && (e.active || e.matches('mat-spinner')))"
)


class Finding(NamedTuple):
    """What was looked for on a page.

    Attributes:
        what: in words, with counts.
        good: whether it was there.
    """

    what: str
    good: bool


def look_at_series(browser: Browser, address: str, runs: list[str]) -> Iterable[Finding]:
    """Open the time series with pinned cards: they have curves and pictures, and the runs are listed."""
    browser.open(address)
    pinned = "all('metrics-pinned-view card-view')"
    browser.wait(f"{pinned}.length && {pinned}.every(e => e.querySelector('canvas, img'))", _PATIENCE_S)
    _settle(browser)
    cards = browser.evaluate(f"{pinned}.map(e => e.innerText.split('\\n').slice(0, 2).join(''))")
    drawn = _coloured(browser, f"{pinned}.map(e => e.querySelector('line-chart')).filter(e => e)")
    pictures = browser.evaluate(
        f"{pinned}.flatMap(e => [...e.querySelectorAll('img')].map(i => i.naturalWidth))"
    )
    yield Finding(f"pinned: {', '.join(dict.fromkeys(cards))}", bool(cards))
    yield Finding(f"curves in {sum(drawn)} of {len(drawn)} pinned charts that are in view", any(drawn))
    yield Finding(f"{len(pictures)} pinned pictures, {min(pictures, default=0)} pixels wide", any(pictures))
    yield _named(browser, "document.body.innerText", runs)


def look_at_images(browser: Browser, url: str, runs: list[str]) -> Iterable[Finding]:
    """Open the images: pictures are loaded, and runs named."""
    browser.open(f"{url}/#images")
    loaded = "all('img').filter(e => shown(e) && e.naturalWidth > 1).length"
    count = browser.wait(loaded, _PATIENCE_S)
    _settle(browser)
    yield Finding(f"{browser.evaluate(loaded)} pictures", bool(count))
    yield _named(browser, "all('tf-image-loader').map(e => e.run).join('\\n')", runs)
    yield _listed(browser, runs)


def look_at_list(browser: Browser, url: str, tab: str, runs: list[str]) -> Iterable[Finding]:
    """Open a tab that has nothing else to be looked for: its list is that of the runs."""
    browser.open(f"{url}/#{tab}")
    browser.wait(f"{_LIST}.length", _PATIENCE_S)
    _settle(browser)
    yield _listed(browser, runs)


def look_at_hparams(browser: Browser, url: str, runs: list[str]) -> Iterable[Finding]:
    """Open HPARAMS: the table has a row for each run, and columns."""
    browser.open(f"{url}/#hparams")
    cells = "all('vaadin-grid-cell-content').filter(shown).map(e => e.textContent.trim()).filter(e => e)"
    browser.wait(f"{cells}.includes({runs[0]!r})", _PATIENCE_S)
    _settle(browser)
    found = browser.evaluate(cells)
    columns = found[: min((found.index(run) for run in runs if run in found), default=0)]
    yield Finding(f"columns {', '.join(columns)}", len(columns) > 1)
    yield Finding(f"{sum(map(is_number, found))} numbers", any(map(is_number, found)))
    yield _named(browser, f"{cells}.join('\\n')", runs)


def look_at_custom(browser: Browser, url: str, categories: list[str], first: str) -> Iterable[Finding]:
    """Open the custom scalars: categories and charts in reading order, curves and bands drawn.

    Args:
        browser: where.
        url: of TensorBoard.
        categories: that must be there in this order.
        first: title of the chart that must be the first of those with bands; empty without bands.
    """
    browser.open(f"{url}/#custom_scalars&_smoothingWeight=0")
    paths = "e.shadowRoot && all('.area, .line-plot path, path.line', e.shadowRoot)"
    long = f"{_CARDS}.filter(e => ({paths} || []).some(p => (p.getAttribute('d') || '').length > 60)).length"
    browser.wait(f"{long} > 1", _PATIENCE_S)
    # a band that leaves the view is cut off there; so let every chart show all of its points
    browser.evaluate(
        "all('paper-checkbox').filter(e => e.innerText.startsWith('Ignore')).map(e => e.click())"
    )
    _settle(browser)
    named = browser.evaluate("all('.category-name').filter(shown).map(e => e.textContent.trim())")
    margin = browser.evaluate("all('tf-custom-scalar-margin-chart-card').filter(shown).map(e => e.title)")
    drawn = _coloured(browser, f"{_CARDS}.map(e => all('vz-line-chart2', e.shadowRoot)[0]).filter(e => e)")
    yield Finding(
        f"categories {', '.join(named)}", [name for name in named if name in categories] == categories
    )
    yield Finding(f"curves in {sum(drawn)} of {len(drawn)} charts that are in view", any(drawn))
    if first:
        areas = browser.evaluate(
            "all('path.area').filter(p => (p.getAttribute('d') || '').length > 60).length"
        )
        yield Finding(f"{areas} bands", areas > 0)
        yield Finding(f"{len(margin)} charts with bands, first {margin[:1]}", margin[:1] == [first])


def _settle(browser: Browser) -> None:
    """Wait until nothing is loaded any more and pictures of the page no longer change."""
    browser.wait(f"{_BUSY}.length === 0", _PATIENCE_S)
    before = b""
    for _ in range(20):
        browser.wait("false", 0.5)
        picture = browser.picture()
        if picture == before:
            return
        before = picture


def _coloured(browser: Browser, elements: str) -> list[bool]:
    """Return for each element that is wholly in view whether there are coloured pixels in its place."""
    boxes = browser.evaluate(
        f"{elements}.map(e => e.getBoundingClientRect()).map(r => [r.left, r.top, r.right, r.bottom])"
        ".filter(([l, t, r, b]) => r > l && b > t && t >= 0 && b <= innerHeight)"
    )
    with Image.open(io.BytesIO(browser.picture())) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    spread = pixels.max(axis=2) - pixels.min(axis=2) > _COLOURED
    parts = [[round(value) for value in box] for box in boxes]
    return [int(spread[top:bottom, left:right].sum()) >= _FEWEST_PIXELS for left, top, right, bottom in parts]


def _listed(browser: Browser, runs: list[str]) -> Finding:
    found = browser.evaluate(_LIST)
    others = sorted(set(found) - set(runs))
    return Finding(
        f"{len(found)} runs listed, {len(others)} of them none {others[:2] or ''}".rstrip(),
        set(found) == set(runs),
    )


def _named(browser: Browser, text: str, runs: list[str]) -> Finding:
    # a page shows what it has room for, and makes the rest when it is scrolled to
    lines = {line.strip() for line in browser.evaluate(text).splitlines()}
    found = [run for run in runs if run in lines]
    return Finding(f"{len(found)} of {len(runs)} runs by name where the page is open", bool(found))
