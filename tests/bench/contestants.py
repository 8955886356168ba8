"""Whom the bench compares: collectd with one reader or another, and the peers
that are installed.  Each is started in a directory of its own and reads the
machine once an interval; its CPU is that of all its threads and children."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from machine import Failed, children, thread_ns

WRITER_CONFIG = {
    "network": 'LoadPlugin network\n<Plugin network>\n'
               '  Server "127.0.0.1" "{port}"\n</Plugin>\n',
    "csv": 'LoadPlugin csv\n<Plugin csv>\n'
           '  DataDir "{run}/data"\n  StoreRates {rates}\n</Plugin>\n',
}
PROCMAN = ('LoadPlugin procman\n<Plugin procman>\n'
           '  Helper "{build}/procman-hold"\n  StateDir "{run}/state"\n  Sampler "%s"\n{more}</Plugin>\n')
READER_CONFIG = {
    "idle": "",
    "procman": PROCMAN % "auto",
    "procman, proc": PROCMAN % "proc",
    "processes": 'LoadPlugin processes\n<Plugin processes>\n'
                 '{more}</Plugin>\n',
}
MORE = {"processes": '  ProcessMatch "all" ".*"\n'}
CONFIG = """BaseDir "{run}"
PIDFile "{run}/pid"
PluginDir "{run}/plugins"
Hostname "localhost"
Interval {interval}
LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File "{run}/log"
</Plugin>
"""


def module_dir(collectd):
    text = subprocess.run([collectd, "-h"], capture_output=True,
                          text=True).stdout
    match = re.search(r"Plugin directory\s+(\S+)", text)
    return pathlib.Path(match.group(1) if match else "/usr/lib/collectd")


class Contestant:
    """with …: it runs.  A subclass says by which command."""

    # intervals that are not measured
    warm_up = 2

    def __init__(self, bench, interval):
        self.bench, self.interval = bench, interval
        self.run = pathlib.Path(tempfile.mkdtemp(prefix="procman-bench."))

    def command(self):
        raise NotImplementedError

    def environment(self):
        return None

    def __enter__(self):
        with open(self.run / "errors", "w") as errors, \
                open(self.run / "output", "w") as output:
            # an input that stays open: one of them ends with it
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.PIPE, stdout=output,
                stderr=errors, env=self.environment())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.run, ignore_errors=True)

    def check(self):
        if self.process.poll() is not None:
            errors = (self.run / "errors").read_text()[-500:]
            raise Failed(f"it ended: {errors.strip()}")

    def helpers(self):
        return children(self.process.pid)

    def cpu(self, helpers):
        return sum(thread_ns(p) for p in [self.process.pid, *helpers])


class Collectd(Contestant):
    """One reader, one writer, in the foreground.  more: in the reader's block;
    rates: what csv writes of counters."""

    def __init__(self, bench, reader, writer, interval, more=None, rates=True):
        super().__init__(bench, interval)
        # procman lays its base in the first interval, admits groups in the
        # next and looks closer at their members in the one after
        self.warm_up = 4 if reader.startswith("procman") else 2
        plugins = self.run / "plugins"
        plugins.mkdir()
        # collectd takes no symbolic links for modules
        module = reader.split(",")[0]
        for name in {"logfile", writer, module} - {"idle"}:
            where = bench.modules
            if name == "procman":
                where = bench.build / ".libs"
            shutil.copy(where / f"{name}.so", plugins)
        text = CONFIG + WRITER_CONFIG[writer] + READER_CONFIG[reader]
        (self.run / "conf").write_text(text.format(
            run=self.run, interval=interval, port=bench.sink.port,
            rates=str(rates).lower(), build=bench.build,
            more=MORE.get(reader, "") if more is None else more))

    def command(self):
        return [self.bench.collectd, "-f", "-C", str(self.run / "conf")]

    def log(self):
        try:
            return (self.run / "log").read_text()
        except FileNotFoundError:
            return ""

    def check(self):
        try:
            super().check()
        except Failed as error:
            raise Failed(f"{error} {self.log()[-500:]}") from None

    def sampler(self):
        match = re.search(r'by the sampler "(\w+)"', self.log())
        return match.group(1) if match else None


class ProcessExporter(Contestant):
    """A scrape an interval; without the parts that make it dearer."""

    PROGRAM = "prometheus-process-exporter"
    CONFIG = 'process_names:\n  - name: "{{.Comm}}"\n    cmdline: [".+"]\n'
    ADDRESS = "127.0.0.1:19256"

    def command(self):
        (self.run / "conf").write_text(self.CONFIG)
        return [self.PROGRAM, "-web.listen-address", self.ADDRESS,
                "-gather-smaps=false", "-threads=false",
                "-config.path", str(self.run / "conf")]

    def __enter__(self):
        super().__enter__()
        self.stopped = threading.Event()
        threading.Thread(target=self.scrape_all, daemon=True).start()
        return self

    def __exit__(self, *args):
        self.stopped.set()
        super().__exit__(*args)

    def scrape(self):
        with urllib.request.urlopen(f"http://{self.ADDRESS}/metrics",
                                    timeout=30) as answer:
            return answer.read().decode()

    def scrape_all(self):
        next_time = time.monotonic()
        while not self.stopped.wait(max(0, next_time - time.monotonic())):
            next_time += self.interval
            try:
                self.scrape()
            except OSError:
                pass  # it is not yet there, or no more


class AppsPlugin(Contestant):
    """netdata's, on its own: it prints what netdata would read.  name: of its
    only group, instead of the groups that come with it."""

    PROGRAM = "/usr/lib/netdata/plugins.d/apps.plugin"

    def __init__(self, bench, interval, name=None):
        super().__init__(bench, interval)
        self.name = name

    def command(self):
        return [self.PROGRAM, str(int(self.interval))]

    def environment(self):
        stock = "/usr/lib/netdata/conf.d"
        if self.name:
            (self.run / "apps_groups.conf").write_text(
                f"{self.name}: {self.name}\n")
            stock = str(self.run)
        return dict(os.environ, NETDATA_STOCK_CONFIG_DIR=stock,
                    NETDATA_USER_CONFIG_DIR=stock)

    def charged(self):
        """Seconds of CPU of its group, from percents of a core."""
        text, seconds = (self.run / "output").read_text(), 0
        divisor = re.search(rf"^CHART apps\.cpu (?:.*\n)+?DIMENSION {self.name} "
                            r"'' absolute 1 (\d+)", text, re.M)
        for usec, block in re.findall(r"^BEGIN apps\.cpu (\d+)\n((?:SET .*\n)*)",
                                      text, re.M):
            value = re.search(rf"^SET {self.name} = (\d+)", block, re.M)
            if value and divisor:
                seconds += (int(value[1]) / int(divisor[1]) / 100
                            * int(usec) / 1e6)
        return seconds


class Psutil(Contestant):
    """What a script does that lists processes with the usual ten fields."""

    PROGRAM = "/usr/bin/python3"
    SCRIPT = """
import psutil, sys, time
fields = ["pid", "name", "cmdline", "status", "cpu_percent", "memory_percent",
          "memory_info", "create_time", "num_threads", "username"]
begin, interval, turn = time.monotonic(), float(sys.argv[1]), 0
while True:
    for p in psutil.process_iter(fields):
        pass
    turn += 1
    time.sleep(max(0, begin + turn * interval - time.monotonic()))
"""

    def command(self):
        return [self.PROGRAM, "-c", self.SCRIPT, str(self.interval)]


PEERS = {"process-exporter": ProcessExporter, "apps.plugin": AppsPlugin,
         "psutil": Psutil}


def has_psutil():
    return subprocess.run(["/usr/bin/python3", "-c", "import psutil"],
                          stderr=subprocess.DEVNULL).returncode == 0


def is_installed(peer):
    if peer == "psutil":
        return has_psutil()
    return shutil.which(PEERS[peer].PROGRAM) is not None


def contestant(bench, reader, writer, interval):
    if reader in PEERS:
        return PEERS[reader](bench, interval)
    return Collectd(bench, reader, writer, interval)
