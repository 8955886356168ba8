#!/usr/bin/python3
"""A picture of a stack of a dashboard, drawn from what a store answers:
    picture.py URL HOST TITLE FILE.png     (a store that speaks PromQL)
The panel's own queries are asked; Chromium makes an image of the drawing."""
import html
import os
import subprocess
import sys
import tempfile
import time as clock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from daemons import fetch_json
from dashboards import panels, query_of

WIDTH, HEIGHT, LEFT, TOP, RIGHT, LEGEND = 1000, 360, 80, 40, 250, 13
COLOURS = ("#5794f2", "#73bf69", "#f2cc0c", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff",
           "#96d98d", "#ffee52", "#ffb357", "#ff7383", "#ca95e5", "#37872d", "#1f60c4")


def lines(url, query, seconds, step):
    """{name: {time: value}}"""
    end = clock.time() // step * step - 2 * step
    answer = fetch_json(url + "/api/v1/query_range", query=query, start=end - seconds,
                        end=end, step=step)
    return {r["metric"].get("procman", "machine"): {float(t): float(v) for t, v in r["values"]}
            for r in answer["data"]["result"]}


def largest(parts):
    """The largest in order, the rest summed as "others"."""
    order = sorted(parts, key=lambda n: -sum(parts[n].values()))
    found = {name: parts[name] for name in order[:LEGEND - 1]}
    rest = {}
    for name in order[LEGEND - 1:]:
        for time, value in parts[name].items():
            rest[time] = rest.get(time, 0) + value
    return {**found, **({"others": rest} if rest else {})}


class Drawing:
    def __init__(self, times, most, unit, tick):
        self.times, self.unit, self.tick, self.out = times, unit, tick, []
        self.high = most * 1.1

    def x(self, time):
        return LEFT + (time - self.times[0]) / (self.times[-1] - self.times[0]) * (
            WIDTH - LEFT - RIGHT)

    def y(self, value):
        return TOP + (1 - value / self.high) * (HEIGHT - TOP - 30)

    def text(self, x, y, words, more=""):
        self.out.append(f'<text x="{x:.0f}" y="{y:.0f}" {more}>{html.escape(words)}</text>')

    def path(self, points, style, end=""):
        way = " L".join(f"{self.x(t):.1f},{self.y(v):.1f}" for t, v in points)
        self.out.append(f'<path d="M{way}{end}" {style}/>')

    def axes(self):
        for part in range(int(self.high / self.tick) + 1):
            value = part * self.tick
            self.out.append(f'<path d="M{LEFT},{self.y(value):.1f} H{WIDTH - RIGHT}" '
                            'stroke="#ddd"/>')
            self.text(LEFT - 6, self.y(value) + 4, self.unit(value), 'text-anchor="end"')
        for part in range(5):
            time = self.times[0] + (self.times[-1] - self.times[0]) * part / 4
            self.text(self.x(time), HEIGHT - 10, clock.strftime("%H:%M:%S", clock.gmtime(time)),
                      'text-anchor="middle"')

    def stack(self, parts):
        below = dict.fromkeys(self.times, 0.0)
        for number, (name, points) in enumerate(parts.items()):
            above = {t: below[t] + points.get(t, 0) for t in self.times}
            colour = COLOURS[number % len(COLOURS)]
            self.path(list(above.items()) + list(reversed(below.items())),
                      f'fill="{colour}" fill-opacity="0.8" stroke="{colour}"', "Z")
            self.legend(number, name, colour, sum(points.values()) / len(self.times))
            below = above

    def legend(self, number, name, colour, mean):
        y = TOP + 10 + number * 19
        self.out.append(f'<rect x="{WIDTH - RIGHT + 16}" y="{y - 9}" width="14" height="8" '
                        f'fill="{colour}"/>')
        self.text(WIDTH - RIGHT + 36, y, name)
        self.text(WIDTH - 8, y, self.unit(mean), 'text-anchor="end"')

    def svg(self, title):
        return ('<html><body style="margin:0"><svg xmlns="http://www.w3.org/2000/svg" '
                f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12" '
                f'fill="#333"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
                f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold">'
                f'{html.escape(title)}</text>'
                + "".join(self.out) + "</svg></body></html>")


# how a value is written, and between which values a line is drawn
UNITS = {"percent": (lambda v: f"{v:.1f} %", 25),
         "bytes": (lambda v: f"{v / 2**20:.0f} MiB", 2**30)}


def draw(url, host, title, seconds=240, step=5):
    panel = next(p for p in panels("procman-prometheus.json") if p["title"] == title)
    parts, whole = ({}, {})
    for target in panel["targets"]:
        query = query_of(target).replace("$host", host)
        (parts if target["refId"] == "A" else whole).update(lines(url, query, seconds, step))
    machine = whole["machine"]
    times = sorted(machine)
    drawing = Drawing(times, max(machine.values()),
                      *UNITS[panel["fieldConfig"]["defaults"]["unit"]])
    drawing.axes()
    drawing.stack(largest(parts))
    drawing.path(sorted(machine.items()), 'fill="none" stroke="black" stroke-width="2"')
    drawing.legend(LEGEND, "machine", "black", sum(machine.values()) / len(machine))
    return drawing.svg(title)


def main():
    url, host, title, file = sys.argv[1:]
    with tempfile.TemporaryDirectory() as place:
        page = os.path.join(place, "page.html")
        with open(page, "w", encoding="utf-8") as f:
            f.write(draw(url, host, title))
        subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                        f"--user-data-dir={place}/profile", "--hide-scrollbars",
                        f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={os.path.abspath(file)}",
                        f"file://{page}"], check=True, timeout=120, capture_output=True)


if __name__ == "__main__":
    main()
