"""The rrdtool plugin: a file a value list, which consolidates."""
import os
import subprocess

from farend import INTERVAL, RECENT, FarEnd


class Rrd(FarEnd):
    plugins = frozenset(["rrdtool"])
    title = "rrdtool"
    at_rest = rates = True

    def __init__(self):
        super().__init__("rrd")
        self.tool = subprocess.Popen(["/usr/bin/rrdtool", "-"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.processes.append(self.tool)

    def config(self):
        return f"""
<Plugin rrdtool>
  DataDir "{self.dir}"
  StepSize {INTERVAL}
  HeartBeat {2 * INTERVAL}
  CacheTimeout 0
  RRATimespan 3600
</Plugin>
"""

    def order(self, words):
        """The answer's lines, up to the line that begins with OK."""
        self.tool.stdin.write(words + "\n")
        self.tool.stdin.flush()
        lines = []
        for line in self.tool.stdout:
            if line.startswith("OK "):
                return lines
            assert not line.startswith("ERROR"), line
            lines.append(line.rstrip("\n"))
        raise AssertionError("rrdtool has ended")

    def files(self, host, group=None):
        for top, _, files in os.walk(self.path(host)):
            whose = os.path.basename(top)
            if whose.startswith("procman") and group in (None, whose):
                yield from (os.path.join(top, f) for f in files if f.endswith(".rrd"))

    def name(self, series, host="host"):
        whose = series.plugin + ("-" + series.instance if series.instance else "")
        what = series.type + ("-" + series.type_instance if series.type_instance else "")
        return whose, what, series.source

    def newest(self, path):
        """(second, {source: the last value that was written})"""
        second, values = 0, {}
        for line in self.order(f"info {path}"):
            key, _, value = line.partition(" = ")
            if key == "last_update":
                second = int(value)
            elif key.endswith(".last_ds"):
                values[key[3:key.index("]")]] = value.strip('"')
        return second, {k: float(v) for k, v in values.items() if v not in ("U", "NaN")}

    def moment(self, truth, host="host"):
        """A file has its last value only, so collectd must have stopped.  It may have
        begun one more close: a file that is ahead must have what was sent then, and
        stands for the value of the close that is whole."""
        time = truth.times(host)[-1]
        second = int(time + 0.5)  # as the plugin rounds
        whole = {self.name(s): v for s, v in truth.at(time, "raw", host).items()}
        later = {self.name(s): v for s, v in truth.after(time, host).items()}
        found = {}
        for name, when, value in self.newest_of(host):
            if when == second:
                found[name] = value
            elif when > second and name in whole and later.get(name) == value:
                found[name] = whole[name]
        return time, found

    def newest_of(self, host):
        """(name, second, value) of each source of each file."""
        for path in self.files(host):
            when, values = self.newest(path)
            what = os.path.basename(os.path.dirname(path)), os.path.basename(path)[:-4]
            for source, value in values.items():
                yield (*what, source), when, value

    def fetch(self, path, seconds=60, end="now"):
        """{source: [(time, average)]}, as a graph would draw it."""
        header, _, *rows = self.order(
            f"fetch {path} AVERAGE -r {INTERVAL} -s {end}-{seconds} -e {end}")
        sources, found = header.split(), {}
        for row in rows:
            when, _, values = row.partition(": ")
            for source, value in zip(sources, values.split()):
                if value.lstrip("-") != "nan":
                    found.setdefault(source, []).append((int(when), float(value)))
        return found

    def program(self, name):
        return list(self.fetch(self.path("host", f"procman-{name}", "percent-cpu.rrd")).values())

    def increase(self, group, what):
        rates = self.fetch(self.path("host", f"procman-{group}", f"total_events-{what}.rrd"),
                           RECENT)
        return sum(v * INTERVAL for points in rates.values() for _, v in points)

    def gauges(self, group, since):
        found = {}
        for path in self.files("host", f"procman-{group}"):
            kind = os.path.basename(path)
            if kind.startswith(("percent", "ps_rss", "memory", "ps_count")):
                for source, points in self.fetch(path, 120).items():
                    found[kind, source] = [(t, v) for t, v in points if t >= since]
        return found

    def groups(self, host):
        return {n.split("-", 1)[1] for n in os.listdir(self.path(host))
                if n.startswith("procman-")}
