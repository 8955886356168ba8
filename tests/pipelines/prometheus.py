"""write_prometheus, scraped by Prometheus (as docs/prometheus.md has it) and by
VictoriaMetrics (with the time stamps of collectd)."""
import json
import re
import time as clock

from daemons import fetch, fetch_json, free_port
from farend import INTERVAL, RECENT, FarEnd
from harness import SRC

SCRAPE = """global:
  scrape_interval: 2s
  evaluation_interval: {interval}s
{rules}
scrape_configs:
  - job_name: collectd
    honor_labels: true
    honor_timestamps: {stamps}
    static_configs:
      - targets: ["{address}:{port}"]
"""


def label(labels):
    return tuple(sorted((k, v) for k, v in labels.items() if k not in ("job", "__name__")))


class Scraping(FarEnd):
    """What is asked in PromQL; both have the same interface for it."""
    plugins = frozenset(["write_prometheus"])

    def __init__(self, what, source):
        super().__init__(what)
        self.source, self.port = source, free_port()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def config(self):
        return f"""
<Plugin write_prometheus>
  Host "127.0.0.1"
  Port "{self.source}"
</Plugin>
"""

    def name(self, series, host="host"):
        metric = ["collectd", series.plugin, series.type]
        if series.source != "value":
            metric.append(series.source)
        if series.kind != "gauge":
            metric.append("total")
        labels = {"instance": host}
        if series.instance:
            labels[series.plugin] = series.instance
        if series.type_instance:
            labels["type" if series.instance else series.plugin] = series.type_instance
        return "_".join(metric), label(labels)

    def query(self, query, time=None):
        """[(labels, [(time, value)])], instant or as a range vector."""
        answer = fetch_json(self.url("/api/v1/query"), query=query,
                            time=clock.time() if time is None else time)
        return [(r["metric"], [(float(t), float(v)) for t, v in
                               r.get("values") or [r["value"]]])
                for r in answer["data"]["result"]]

    def ask(self, query, seconds=60, step=INTERVAL):
        now = clock.time() // step * step  # as Grafana does, so that lines have the same times
        answer = fetch_json(self.url("/api/v1/query_range"), query=query,
                            start=now - seconds // step * step, end=now, step=step)
        return {json.dumps(r["metric"], sort_keys=True):
                [(float(t), float(v)) for t, v in r["values"]]
                for r in answer["data"]["result"]}

    def program(self, name):
        return [points for _, points in self.query(
            f'collectd_procman_percent{{procman="{name}",type="cpu",instance="host"}}[1m]')]

    def increase(self, group, what):
        """As counted; increase() is asked, too, which extrapolates."""
        one = ("collectd_procman_total_events_total"
               f'{{procman="{group}",type="{what}",instance="host"}}[{RECENT}s]')
        counted = self.query(f"max_over_time({one}) - min_over_time({one})")
        grown = self.query(f"increase({one}) > 0.5")
        return sum(points[0][1] for _, points in counted) if grown else 0

    def gauges(self, group, since):
        names = "collectd_procman_(percent|ps_rss|memory|ps_count_processes)"
        shown = f'{{__name__=~"{names}",procman="{group}",instance="host"}}'
        return self.ask(shown, clock.time() - since, 1)

    def groups(self, host):
        answer = fetch_json(self.url("/api/v1/series"),
                            **{"match[]": f'collectd_procman_ps_rss{{instance="{host}"}}',
                               "start": clock.time() - 7200})
        return {metric["procman"] for metric in answer["data"]}


class Prometheus(Scraping):
    title = "Prometheus"
    # it scrapes when it likes, also in the middle of a close; which takes long here, as
    # collectd has all other writers, too
    torn = 0.3
    lingers = 2  # closes: collectd's Timeout, as write_prometheus answers from its cache

    def __init__(self, source):
        super().__init__("prometheus", source)
        listed = f"rule_files: [{SRC}/conf/prometheus/*.yml]\n"
        conf = self.write("prometheus.yml", SCRAPE.format(
            interval=INTERVAL, rules=listed, stamps="false", address="127.0.0.1", port=source))
        self.run("/usr/bin/prometheus", f"--config.file={conf}",
                 f"--storage.tsdb.path={self.path('data')}",
                 f"--web.listen-address=127.0.0.1:{self.port}")
        self.wait(self.url("/-/ready"))

    def recorded(self):
        """The names that the rules make, each with a series of the program "hungry"."""
        with open(f"{SRC}/conf/prometheus/procman-process-exporter.rules.yml",
                  encoding="utf-8") as f:
            names = set(re.findall(r"record: (\w+)", f.read()))
        for name in names:
            assert self.query(f'{name}{{groupname="hungry",instance="host"}}'), f"no {name}"
        return f"{len(names)} names of process-exporter"

    def at(self, time, host="host"):
        """Of a scrape between this close and the next."""
        found = {}
        for labels, points in self.query(
                f'{{__name__=~"collectd_procman.*",instance="{host}"}}[2s]',
                time + INTERVAL - 0.2):
            found[labels["__name__"], label(labels)] = points[-1][1]
        return found


class VictoriaMetrics(Scraping):
    title = "VictoriaMetrics"

    def __init__(self, source, address="127.0.0.1"):
        super().__init__("victoria-metrics", source)
        conf = self.write("scrape.yml", SCRAPE.format(
            interval=INTERVAL, rules="", stamps="true", address=address, port=source).replace(
                f"  evaluation_interval: {INTERVAL}s\n", ""))
        self.run("/usr/bin/victoria-metrics", f"-promscrape.config={conf}",
                 f"-storageDataPath={self.path('data')}", "-search.latencyOffset=0s",
                 f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=1")
        self.wait(self.url("/health"))

    def at(self, time, host="host"):
        """What has exactly this time stamp."""
        stamp, found = int(time * 1000), {}
        lines = fetch(self.url("/api/v1/export"), **{
            "match[]": f'{{__name__=~"collectd_procman.*",instance="{host}"}}',
            "start": stamp / 1000 - 0.01, "end": stamp / 1000 + 0.01})
        for line in lines.splitlines():
            one = json.loads(line)
            found[one["metric"]["__name__"], label(one["metric"])] = one["values"][-1]
        return found
