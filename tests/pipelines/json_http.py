"""write_http's JSON, which is also what all others are compared with: so it is
held against the files of another writer, csv."""
import os
import time as clock

from farend import RECENT, FarEnd


class Json(FarEnd):
    plugins = frozenset(["write_http", "csv"])
    absolute = 6e-7  # csv has six decimals
    title = "write_http, JSON"

    def __init__(self):
        super().__init__("json")
        self.truth = self.place = None

    def attach(self, source):
        self.truth, self.place = source.truth, source.collectd.path("csv")

    def config(self):
        return ""  # the source has both anyway

    def name(self, series, host="host"):
        whose = series.plugin + ("-" + series.instance if series.instance else "")
        what = series.type + ("-" + series.type_instance if series.type_instance else "")
        return whose, what, series.source

    def at(self, time, host="host"):
        found, end = {}, clock.strftime("-%Y-%m-%d", clock.localtime(time))
        for top, _, files in os.walk(os.path.join(self.place, host)):
            for file in files:
                if file.endswith(end):
                    columns, row = row_of(os.path.join(top, file), f"{time:.3f}")
                    what = os.path.basename(top), file[:-len(end)]
                    found.update({(*what, c): float(v) for c, v in zip(columns, row)})
        return {name: v for name, v in found.items()
                if name[0].startswith("procman") and v == v}

    def program(self, name):
        return [[(t, v) for t, series in self.truth.of(name) for s, v in series.items()
                 if (s.type, s.type_instance) == ("percent", "cpu")]]

    def increase(self, group, what):
        values = [v for t, series in self.truth.of(group) for s, v in series.items()
                  if (s.type, s.type_instance) == ("total_events", what)
                  and t > clock.time() - RECENT]
        return values[-1] - values[0] if values else 0

    def gauges(self, group, since):
        found = {}
        for time, series in self.truth.of(group):
            for s, value in series.items():
                if s.kind == "gauge" and s.type != "duration" and time >= since:
                    found.setdefault(self.name(s), []).append((time, value))
        return found

    def groups(self, host):
        place = os.path.join(self.place, host)
        return {n.split("-", 1)[1] for n in os.listdir(place) if n.startswith("procman-")}


def row_of(path, epoch):
    """(names of the columns, the row of this time), without the time itself."""
    with open(path, encoding="ascii") as f:
        header, *rows = f.read().splitlines() or [""]
    for row in reversed(rows):
        if row.startswith(epoch + ","):
            return header.split(",")[1:], row.split(",")[1:]
    return [], []
