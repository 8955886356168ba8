"""collectd's network plugin -> InfluxDB 1.x, whose collectd listener splits a
value list into measurements or joins it into fields."""
import socket

from daemons import TYPES, fetch_json, free_port
from farend import RECENT, FarEnd

CONF = """reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{dir}/meta"
[data]
  dir = "{dir}/data"
  wal-dir = "{dir}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[[collectd]]
  enabled = true
  bind-address = "127.0.0.1:{udp}"
  database = "collectd"
  typesdb = "{types}"
  security-level = "none"
  parse-multivalue-plugin = "{parse}"
  read-buffer = 8388608
  batch-timeout = "1s"
"""


class InfluxDB(FarEnd):
    plugins = frozenset(["network"])
    title, parse = "InfluxDB, split", "split"

    def __init__(self):
        super().__init__("influxdb")
        self.http, rpc = free_port(), free_port()
        self.udp = free_port(socket.SOCK_DGRAM)
        conf = self.write("influxdb.conf", CONF.format(
            dir=self.dir, rpc=rpc, http=self.http, udp=self.udp, types=TYPES,
            parse=self.parse))
        self.run("/usr/bin/influxd", "-config", conf)
        self.wait(self.url("/ping"))

    def url(self, path):
        return f"http://127.0.0.1:{self.http}{path}"

    def config(self):
        """Two <Plugin network> blocks are one to collectd."""
        return f"""
<Plugin network>
  Server "127.0.0.1" "{self.udp}"
</Plugin>
"""

    def name(self, series, host="host"):
        return (f"{series.plugin}_{series.source}", "value", series.instance, series.type,
                series.type_instance)

    def select(self, query):
        """[(measurement, tags, columns, rows)]"""
        answer = fetch_json(self.url("/query"), db="collectd", q=query, epoch="ns")
        result = answer["results"][0]
        assert "error" not in result, (query, result)
        return [(s["name"], s.get("tags", {}), s["columns"], s["values"])
                for s in result.get("series", [])]

    def ask(self, query, seconds=60):
        found = {}
        for measurement, tags, columns, rows in self.select(query):
            for at, column in enumerate(columns[1:], 1):
                name = " ".join([measurement, column] + [f"{k}={v}" for k, v in tags.items()])
                found[name] = [(r[0] / 1e9, r[at]) for r in rows if r[at] is not None]
        return found

    def at(self, time, host="host"):
        found = {}
        for measurement, _, columns, rows in self.select(
                f"SELECT * FROM /^procman/ WHERE host='{host}' AND "
                f"time > {int((time - 0.01) * 1e9)} AND time < {int((time + 0.01) * 1e9)}"):
            for row in rows:
                point = dict(zip(columns, row))
                tags = [point.pop(tag, None) or "" for tag in
                        ("instance", "type", "type_instance")]
                for other in ("time", "host"):
                    point.pop(other)
                found.update({(measurement, field, *tags): value
                              for field, value in point.items() if value is not None})
        return found

    # where a value of a single source is: measurement and field
    VALUE, COUNT = ("procman_value", "value"), ("procman_processes", "value")

    def program(self, name):
        measurement, field = self.VALUE
        return list(self.ask(
            f"SELECT {field} FROM {measurement} WHERE \"type\"='percent' AND "
            f"type_instance='cpu' AND instance='{name}' AND host='host' AND "
            "time > now() - 1m").values())

    def increase(self, group, what):
        measurement, field = self.VALUE
        found = self.ask(
            f"SELECT spread({field}) FROM {measurement} WHERE \"type\"='total_events' "
            f"AND type_instance='{what}' AND instance='{group}' AND host='host' AND "
            f"time > now() - {RECENT}s")
        return sum(value for points in found.values() for _, value in points)

    def gauges(self, group, since):
        found = {}
        for measurement, field in (self.VALUE, self.COUNT):
            found.update(self.ask(
                f"SELECT {field} FROM {measurement} WHERE instance='{group}' AND "
                "host='host' AND \"type\" =~ /^(percent|ps_rss|memory|ps_count)$/ AND "
                f"time >= {int(since * 1e9)} GROUP BY \"type\", type_instance"))
        return found

    def groups(self, host):
        rows = self.select("SHOW TAG VALUES FROM /^procman(_value)?$/ WITH KEY = instance "
                           f"WHERE host='{host}'")
        return {row[1] for _, _, _, series in rows for row in series}


class InfluxDBJoin(InfluxDB):
    title, parse = "InfluxDB, join", "join"
    VALUE, COUNT = ("procman", "value"), ("procman", "processes")

    def name(self, series, host="host"):
        return (series.plugin, series.source, series.instance, series.type,
                series.type_instance)
