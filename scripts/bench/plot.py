"""A picture of how each row grows with its size: seconds by items, both axes logarithmic."""

import html
import math

from measure import slope

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 250, 46, 150, 34, 30
STYLE = """
text { font: 11px system-ui, sans-serif; fill: #444 }
.title { font-weight: 600; font-size: 12px; fill: #222 }
.grid { stroke: #8884; stroke-width: 1 }
.line { fill: none; stroke: #888; stroke-width: 1.5 }
.dot { fill: #888 }
.ours { stroke: #0a6ebd; stroke-width: 2.5 }
.dot.ours { fill: #0a6ebd; stroke: none }
text.ours { fill: #0a6ebd; stroke: none; font-weight: 600 }
@media (prefers-color-scheme: dark) {
text { fill: #bbb } .title { fill: #eee } .line { stroke: #999 } .dot { fill: #999 }
.ours { stroke: #5cb3f5 } .dot.ours, text.ours { fill: #5cb3f5 }
}
"""


def draw(panels):
    """`panels`: of each a title and, by a side's name, its points of items and seconds. Returns an SVG."""
    columns = 2
    rows = math.ceil(len(panels) / columns)
    box = f"0 0 {columns * WIDTH} {rows * HEIGHT}"
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><style>{STYLE}</style>']
    for number, (title, lines) in enumerate(panels):
        x, y = number % columns * WIDTH, number // columns * HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{"".join(panel(title, lines))}</g>')
    return "\n".join([*parts, "</svg>\n"])


def panel(title, lines):
    points = [point for line in lines.values() for point in line]
    (least_x, most_x), (least_y, most_y) = (ends([point[at] for point in points]) for at in (0, 1))

    def at(items, seconds):
        across = (math.log10(items) - least_x) / (most_x - least_x)
        up = (math.log10(seconds) - least_y) / (most_y - least_y)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    yield f'<text class="title" x="{LEFT}" y="18">{html.escape(title)}</text>'
    for power in range(math.ceil(least_x), math.floor(most_x) + 1):
        x, _ = at(10**power, 10**least_y)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{short(10**power)}</text>'
    for power in range(math.ceil(least_y), math.floor(most_y) + 1):
        _, y = at(10**least_x, 10**power)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10**power:g} s</text>'
    taken = -math.inf
    # Labels at the lines' ends, the highest first, and never one on another.
    for name, line in sorted(lines.items(), key=lambda line: -line[1][-1][1]):
        ours = " ours" if name == "cruddur" else ""
        places = [at(*point) for point in line]
        yield f'<path class="line{ours}" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'
        for x, y in places:
            yield f'<circle class="dot{ours}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        taken = max(taken + 14, places[-1][1] + 4)
        words = f"{name}, {slope(line):.2f}"
        yield f'<text class="{ours.strip()}" x="{WIDTH - RIGHT + 8}" y="{taken:.1f}">{html.escape(words)}</text>'


def ends(values):
    """The ends of an axis, as powers of ten: whole decades would leave half of it empty."""
    least, most = math.log10(min(values)) - 0.1, math.log10(max(values)) + 0.1
    return least, max(most, least + 1)


def short(number):
    return f"{number // 10**6}M" if number >= 10**6 else f"{number // 1000}k" if number >= 1000 else str(number)
