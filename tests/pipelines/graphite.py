"""write_graphite -> carbon-cache -> whisper, asked through graphite-web's render."""
import os
import re
import time as clock

from daemons import fetch_json, free_port
from farend import INTERVAL, RECENT, FarEnd

CARBON = """[cache]
STORAGE_DIR = {dir}
LOCAL_DATA_DIR = {dir}/whisper
CONF_DIR = {dir}
LOG_DIR = {dir}
PID_DIR = {dir}
DATABASE = whisper
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {line}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
"""

# a point an interval, as hitcount() and its like take each point for that long
SCHEMAS = "[all]\npattern = .*\nretentions = {step}s:3h\n"

WEB = """
SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["*"]
LOG_ROTATION = False
GRAPHITE_ROOT = "/usr/share/graphite-web"
CONF_DIR = STORAGE_DIR = LOG_DIR = "{dir}"
WHISPER_DIR = "{dir}/whisper"
STANDARD_DIRS = [WHISPER_DIR]
INDEX_FILE = "{dir}/index"
CARBONLINK_HOSTS = ["127.0.0.1:{query}"]
MEMCACHE_HOSTS = []
FIND_TIMEOUT = FETCH_TIMEOUT = 60.0  # on a busy machine
DEFAULT_CACHE_DURATION = 0
FIND_CACHE_DURATION = 0
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "{dir}/db"}}}}
"""

PREFIX = "collectd."


class Graphite(FarEnd):
    plugins = frozenset(["write_graphite"])
    rates = True
    kind = "rates"  # write_graphite's default, and what panels of Graphite expect
    absolute = 6e-7  # it writes rates with six decimals
    title = "Graphite"

    def __init__(self):
        super().__init__("graphite")
        self.line, pickle, query, self.web = (free_port() for _ in range(4))
        os.mkdir(self.path("whisper"))
        carbon = self.write("carbon.conf", CARBON.format(
            dir=self.dir, line=self.line, pickle=pickle, query=query))
        self.write("storage-schemas.conf", SCHEMAS.format(step=INTERVAL))
        self.write("storage-aggregation.conf", "")
        self.write("here.py", WEB.format(dir=self.dir, query=query))
        self.run("/usr/bin/carbon-cache", "--nodaemon", f"--config={carbon}",
                 f"--pidfile={self.path('pid')}", "start")
        self.run("/usr/bin/python3", "-W", "ignore", "/usr/bin/graphite-manage",
                 "runserver", "--noreload", f"127.0.0.1:{self.web}",
                 GRAPHITE_SETTINGS_MODULE="here", PYTHONPATH=self.dir)
        self.wait(self.url("/version"))

    def url(self, path):
        return f"http://127.0.0.1:{self.web}{path}"

    def config(self):
        return f"""
<Plugin write_graphite>
  <Node "carbon">
    Host "127.0.0.1"
    Port "{self.line}"
    Prefix "{PREFIX}"
    SeparateInstances true
  </Node>
</Plugin>
"""

    def name(self, series, host="host"):
        parts = [host, series.plugin, series.instance, series.type, series.type_instance,
                 series.source if series.sources > 1 else ""]
        return PREFIX + ".".join(re.sub(r"[.\s]", "_", p) for p in parts if p)

    def render(self, targets, start, end):
        """{name: [(time, value)]} without what is not known."""
        answer = fetch_json(self.url("/render"), target=targets, format="json",
                            **{"from": int(start), "until": int(end)})
        found = {}
        for one in answer:
            points = [(t, v) for v, t in one["datapoints"] if v is not None]
            found.setdefault(one["target"], []).extend(points)
        return found

    def ask(self, query, seconds=60):
        now = clock.time()
        return self.render([query], now - seconds, now)

    def all_of(self, host):
        return [f"{PREFIX}{host}" + ".*" * depth for depth in range(2, 6)]

    def at(self, time, host="host"):
        point = int(time + 0.5) // INTERVAL * INTERVAL  # write_graphite rounds
        found = self.render(self.all_of(host), point - INTERVAL, point)
        return {name: dict(points)[point] for name, points in found.items()
                if point in dict(points)}

    def of(self, group, rest, host="host"):
        return f"{PREFIX}{host}.procman.{group.replace('.', '_')}.{rest}"

    def program(self, name):
        return list(self.ask(self.of(name, "percent.cpu")).values())

    def increase(self, group, what):
        found = self.ask(f'hitcount({self.of(group, "total_events." + what)},"1min")', RECENT)
        return sum(value for points in found.values() for _, value in points)

    def gauges(self, group, since):
        found = {}
        for rest in ("ps_rss", "ps_count.*", "percent.cpu", "memory.*"):
            found.update(self.ask(self.of(group, rest), clock.time() - since))
        return found

    def groups(self, host):
        place = self.path("whisper", PREFIX.strip("."), host, "procman")
        return set(os.listdir(place)) if os.path.isdir(place) else set()
