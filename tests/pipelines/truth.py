"""What collectd dispatched: write_http tells it here, once as it is and once
with rates, so that a far end is compared with the moment and not with itself."""
import collections
import http.server
import json
import threading

from daemons import free_port
from harness import wait_for

# the series that procman sends last in a close
LAST = ("procman_self", "", "total_events", "skipped")

# A value: whose, which, when
Series = collections.namedtuple("Series", "plugin instance type type_instance source sources kind")


def anonymous():
    """Bytes of all anonymous pages, by the kernel's own count."""
    with open("/proc/meminfo", encoding="ascii") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("AnonPages:"))


def taken_apart(item):
    """(Series, value) of each data source of a value list."""
    for name, kind, value in zip(item["dsnames"], item["dstypes"], item["values"]):
        yield Series(item["plugin"], item["plugin_instance"], item["type"],
                     item["type_instance"], name, len(item["values"]), kind), value


class Truth:
    """moments["raw"][host][time] = {Series: value}"""

    def __init__(self, address="127.0.0.1"):
        self.lock = threading.Lock()
        self.moments = {"raw": {}, "rates": {}}
        self.anonymous = {}  # what the kernel counted when a close began to arrive
        truth = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                truth.take(self.path.strip("/"), json.loads(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.address, self.port = address, free_port()
        self.server = http.server.ThreadingHTTPServer((address, self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def take(self, kind, items):
        with self.lock:
            for item in items:
                closes = self.moments[kind].setdefault(item["host"], {})
                if item["time"] not in closes:
                    closes[item["time"]] = {}
                    self.anonymous.setdefault(item["time"], anonymous())
                closes[item["time"]].update(taken_apart(item))

    def config(self):
        nodes = "".join(f"""
  <Node "{kind}">
    URL "http://{self.address}:{self.port}/{kind}"
    Format "JSON"
    StoreRates {"true" if kind == "rates" else "false"}
    BufferSize 65536
  </Node>""" for kind in self.moments)
        return f"<Plugin write_http>{nodes}\n</Plugin>\n"

    def at(self, time, kind="raw", host="host"):
        """{Series: value}, without what is not a number."""
        with self.lock:
            return {s: v for s, v in self.moments[kind][host][time].items() if v is not None}

    def after(self, time, host="host"):
        """{Series: value} of what was sent later, also of a close that was cut off."""
        with self.lock:
            late = sorted(t for t in self.moments["raw"][host] if t > time)
            return {s: v for t in late for s, v in self.moments["raw"][host][t].items()}

    def times(self, host="host"):
        """Of the closes that are whole, oldest first."""
        with self.lock:
            whole = [{t for t, series in moments.get(host, {}).items()
                      if any(s[:4] == LAST for s in series)}
                     for moments in self.moments.values()]
            return sorted(set.intersection(*whole))

    def next(self, count=1, host="host"):
        """The times of the closes that follow, once they are whole."""
        start = len(self.times(host))
        wait_for("the next closes", lambda: len(self.times(host)) >= start + count)
        return self.times(host)[start:start + count]

    def of(self, instance, host="host", kind="raw"):
        """[(time, {Series: value})] of a group, oldest first."""
        found = []
        for time in self.times(host):
            mine = {s: v for s, v in self.at(time, kind, host).items()
                    if (s.plugin, s.instance) == ("procman", instance)}
            found += [(time, mine)] if mine else []
        return found

    def total(self, group, event):
        """The event's counter as it was sent last, in a list; none: not yet."""
        return [v for s, v in self.of(group)[-1][1].items()
                if (s.type, s.type_instance) == ("total_events", event)]
