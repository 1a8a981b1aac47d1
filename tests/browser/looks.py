"""What an eye sees of something that can be pressed, measured in the rendered page: size, contrast, and whether it is
faded, filtered or covered. Two things that look alike are equal.
"""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator

_MEASURE = """each => {
  const seen = each.closest('label') ?? each, box = seen.getBoundingClientRect(), style = getComputedStyle(seen);
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const above = node => node.parentElement ?? node.getRootNode().host ?? null;
  const line = [];
  for (let node = seen; node; node = above(node)) line.push(getComputedStyle(node));
  const painted = colours => {
    canvas.fillStyle = '#fff';
    for (const colour of ['#fff', ...colours]) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = colour => {
    const [red, green, blue] = colour.map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const grounds = line.map(found => found.backgroundColor).reverse();
  const ground = painted(grounds), around = painted(grounds.slice(0, -1));
  const hit = seen.getRootNode().elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    width: Math.round(box.width), height: Math.round(box.height), area: Math.round(box.width * box.height),
    contrast: Math.round(100 * ratio(painted([...grounds, style.color]), ground)) / 100,
    edge: Math.round(100 * ratio(painted([...grounds.slice(0, -1), style.borderTopColor]), around)) / 100,
    ground: String(ground), font: style.font, letters: style.letterSpacing + style.textTransform, line:
    style.textDecorationLine, border: style.borderTopWidth + style.borderTopStyle,
    faded: line.map(found => Number(found.opacity)).reduce((a, b) => a * b, 1),
    filtered: line.map(found => found.filter + found.mixBlendMode).join(),
    covered: !(hit === seen || seen.contains(hit)), pointer: style.cursor + style.pointerEvents,
  };
}"""


@dataclass(frozen=True, slots=True)
class Looks:
    """What is seen: sizes in pixels, `contrast` of the words and of the `edge` as WCAG reckons it, and the rest."""

    width: int
    height: int
    area: int
    contrast: float
    edge: float
    ground: str
    font: str
    letters: str
    line: str
    border: str
    faded: float
    filtered: str
    covered: bool
    pointer: str


def looks(what: Locator) -> Looks:
    """Return what is seen of a button, or of the label around an answer, once it is in view."""
    what.evaluate("each => (each.closest('label') ?? each).scrollIntoView({block: 'center', behavior: 'instant'})")
    return Looks(**what.evaluate(_MEASURE))
