"""What an interactive page must do in a browser: figure and sentence follow the slider, whatever moves it."""

import hashlib
import itertools
from collections.abc import Iterable
from typing import Any

from proof.devtools import Browser
from proof.pages import Finding

SMALLEST_TARGET = 44  # pixels of what a finger must hit: WCAG 2.2, 2.5.5
SMALLEST_TEXT = 18  # pixels of the sentence
LEAST_CONTRAST = 7.0  # WCAG 2.2, 1.4.6

_PATIENCE_S = 10.0

# what the page shows, and what it should show by its own data; the state is that of the sliders themselves
_STATE = """(() => {
  const read = id => JSON.parse(document.getElementById(id).textContent);
  const sliders = read('sliders'), frames = read('frames');
  const inputs = sliders.map(s => document.getElementById(s.id));
  const place = inputs.reduce((at, e, k) => at * sliders[k].positions.length + Number(e.value), 0);
  const picture = document.getElementById('picture');
  return {
    values: inputs.map(e => Number(e.value)), counts: sliders.map(s => s.positions.length), place,
    figure: picture.src === frames[place].picture && picture.complete && picture.naturalWidth > 500,
    sentence: document.getElementById('sentence').textContent === frames[place].sentence,
    command: document.getElementById('command').textContent === frames[place].command,
    spoken: inputs.every((e, k) => e.getAttribute('aria-valuetext') === sliders[k].positions[e.value]
      && e.closest('.slider').querySelector('output').value === sliders[k].positions[e.value]),
    sentences: new Set(frames.map(f => f.sentence)).size, frames: frames.length,
  };
})()"""
_FOLLOWS = ("figure", "sentence", "command", "spoken")

_LUMINANCE = """(colour => {
  const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2];
})"""


def look_at_page(browser: Browser, address: str) -> Iterable[Finding]:
    """Open a page, move its sliders by keyboard and by finger, and yield what was found."""
    browser.listen()
    browser.open(address)
    browser.wait(
        "document.readyState === 'complete' && document.getElementById('picture').complete", _PATIENCE_S
    )
    state = browser.evaluate(_STATE)
    yield Finding(
        f"{state['frames']} frames, {state['sentences']} different sentences", state["sentences"] > 1
    )
    yield _follows("as it opens", [state])
    yield from _by_keyboard(browser)
    yield from _by_finger(browser)
    yield from _looks(browser)
    asked = [url for url in browser.requests if not url.startswith(("data:", "about:"))]
    yield Finding(f"asked for {len(set(asked))} address, the page's own", set(asked) == {address})
    yield Finding(
        f"{len(browser.complaints)} complaints {browser.complaints[:3] or ''}".rstrip(),
        not browser.complaints,
    )


def _by_keyboard(browser: Browser) -> Iterable[Finding]:
    """Go through every position of the first slider, and by Tab to all that can be moved."""
    focused = "document.activeElement.id"
    yield Finding("the first slider has the focus", browser.evaluate(focused) == "slider-0")
    browser.press("Home")
    states, pictures = [browser.evaluate(_STATE)], [_figure(browser)]
    for _ in range(states[0]["counts"][0] - 1):
        browser.press("ArrowRight")
        states.append(browser.evaluate(_STATE))
        pictures.append(_figure(browser))
    walked = [state["values"][0] for state in states] == list(range(states[0]["counts"][0]))
    yield _follows(f"ArrowRight through {len(states)} positions", states, walked)
    changed = sum(one != other for one, other in itertools.pairwise(pictures))
    yield Finding(
        f"the drawn figure changes {changed} times in {len(pictures) - 1}", changed == len(pictures) - 1
    )
    browser.press("ArrowLeft")
    back = browser.evaluate(_STATE)
    yield _follows("ArrowLeft", [back], back["values"][0] == len(states) - 2)
    outline = browser.evaluate(
        "(s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth))"
        "(getComputedStyle(document.activeElement))"
    )
    yield Finding(f"focus is outlined by {outline} pixels", outline >= 3)
    yield _tab_order(browser)


def _tab_order(browser: Browser) -> Finding:
    expected = browser.evaluate("all('button, input').filter(e => !e.disabled).map(e => e.id || e.ariaLabel)")
    browser.evaluate("all('button')[0].focus()")
    order = []
    for _ in expected:
        order.append(browser.evaluate("document.activeElement.id || document.activeElement.ariaLabel"))
        browser.press("Tab")
    return Finding(f"Tab goes through {len(order)} controls in their order", order == expected)


def _by_finger(browser: Browser) -> Iterable[Finding]:
    """Tap the buttons, draw every slider from end to end, and draw across the figure."""
    for k in range(len(browser.evaluate(_STATE)["counts"])):
        slider = f"document.getElementById('slider-{k}')"
        _to_start(browser, slider)
        browser.touch(_middle(browser, f"{slider}.parentElement.lastElementChild"))
        state = browser.evaluate(_STATE)
        yield _follows(f"a tap on + of slider {k}", [state], state["values"][k] == 1)
        _to_start(browser, slider)
        box = _box(browser, slider)
        y = (box["top"] + box["bottom"]) / 2
        browser.touch((box["left"] + SMALLEST_TARGET / 2, y), (box["right"] - 2, y))
        state = browser.evaluate(_STATE)
        end = state["values"][k] == state["counts"][k] - 1
        yield _follows(f"slider {k} drawn from end to end", [state], end)
    _to_start(browser, "document.getElementById('slider-0')")
    box = _box(browser, "document.getElementById('figure')")
    y = (box["top"] + min(box["bottom"], box["window"])) / 2
    browser.touch((box["left"] + 2, y), (box["right"] - 2, y))
    state = browser.evaluate(_STATE)
    yield _follows("a finger across the figure", [state], state["values"][0] == state["counts"][0] - 1)


def _looks(browser: Browser) -> Iterable[Finding]:
    """Yield sizes, contrast, and whether anything sticks out."""
    buttons = browser.evaluate("all('button, input').map(e => e.getBoundingClientRect().height)")
    yield Finding(f"targets at least {min(buttons):.0f} pixels high", min(buttons) >= SMALLEST_TARGET)
    size = browser.evaluate("parseFloat(getComputedStyle(document.getElementById('sentence')).fontSize)")
    yield Finding(f"the sentence's letters are {size:.0f} pixels", size >= SMALLEST_TEXT)
    contrast = browser.evaluate(
        f"Math.min(...all('h1, p, label, output, code').filter(shown).map(e => "
        f"1.05 / ({_LUMINANCE}(getComputedStyle(e).color) + .05)))"
    )
    yield Finding(f"contrast at least {contrast:.1f} on white", contrast >= LEAST_CONTRAST)
    out = browser.evaluate("document.documentElement.scrollWidth - innerWidth")
    yield Finding("nothing sticks out to the side", out <= 0)
    if browser.evaluate("innerWidth > innerHeight"):
        last = browser.evaluate(
            "Math.max(...all('main > *').map(e => e.getBoundingClientRect().bottom + scrollY))"
        )
        room = browser.evaluate("innerHeight")
        yield Finding(f"figure, sentence and sliders end at {last:.0f} of {room} pixels", last <= room)


def _follows(what: str, states: list[dict[str, Any]], moved: bool = True) -> Finding:
    wrong = [name for name in _FOLLOWS if not all(state[name] for state in states)]
    said = f": not {', '.join(wrong)}" if wrong else "" if moved else f": at {states[-1]['values']}"
    return Finding(f"figure and sentence follow, {what}{said}", not wrong and moved)


def _figure(browser: Browser) -> str:
    """Return a digest of what the window shows of the figure."""
    return hashlib.sha256(browser.picture("document.getElementById('picture')")).hexdigest()


def _to_start(browser: Browser, slider: str) -> None:
    browser.evaluate(f"({slider}.scrollIntoView(), {slider}.focus())")
    browser.press("Home")


def _box(browser: Browser, element: str) -> dict[str, float]:
    box: dict[str, float] = browser.evaluate(
        f"(e => {{ e.scrollIntoView({{block: 'nearest'}}); const b = e.getBoundingClientRect();"
        " return {left: b.left, right: b.right, top: b.top, bottom: b.bottom, window: innerHeight}; })"
        f"({element})"
    )
    return box


def _middle(browser: Browser, element: str) -> tuple[float, float]:
    box = _box(browser, element)
    return (box["left"] + box["right"]) / 2, (box["top"] + box["bottom"]) / 2
