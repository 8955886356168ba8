"""Several hosts: three collectds in network namespaces of their own send by the
network plugin to a fourth, the central one, which VictoriaMetrics scrapes.  The
first is called "host", as that of the other far ends, so that the same proofs hold;
all see the same processes, but each counts for itself."""
import os
import subprocess

from farend import INTERVAL
from harness import Collectd, wait_for
from prometheus import VictoriaMetrics
from source import OPTIONS, Source
from truth import Truth

NET = "198.18.77"  # for tests of networks only (RFC 2544)
HERE, CENTRAL, SCRAPED = f"{NET}.1", f"{NET}.2", 9103
HOSTS = ("host", "host2", "host3")


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Network:
    """A bridge with a namespace for each name."""

    def __init__(self, names):
        self.bridge = f"pm{os.getpid() % 100000}"
        self.spaces = {name: f"{self.bridge}-{name}" for name in names}
        try:
            ip("link", "add", self.bridge, "type", "bridge")
            ip("addr", "add", f"{HERE}/24", "dev", self.bridge)
            ip("link", "set", self.bridge, "up")
            for number, space in enumerate(self.spaces.values(), 2):
                self.attach(space, f"{self.bridge}v{number}", f"{NET}.{number}")
        except subprocess.CalledProcessError as e:
            self.close()
            raise RuntimeError(f"{e.cmd}: {e.stderr}") from None

    def attach(self, space, link, address):
        ip("netns", "add", space)
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("link", "set", link, "master", self.bridge, "up")
        ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", space, "link", "set", device, "up")

    def close(self):
        for words in [("netns", "del", s) for s in self.spaces.values()] + [
                ("link", "del", self.bridge)]:
            subprocess.run(["ip", *words], check=False, capture_output=True)

    def enter(self, name):
        return ["ip", "netns", "exec", self.spaces[name]]


CENTRAL_CONF = f"""
Hostname "central"
<Plugin network>
  Listen "{CENTRAL}" "25826"
</Plugin>
<Plugin write_prometheus>
  Host "{CENTRAL}"
  Port "{SCRAPED}"
</Plugin>
"""

SENDER = f"""
<Plugin network>
  Server "{CENTRAL}" "25826"
</Plugin>
"""


class Fleet(Source):
    """with Fleet(ends) as f: as a Source, and f.hosts sends the same way."""

    def __init__(self, ends):
        self.network = Network(("central",) + HOSTS)
        truth = Truth(HERE)
        super().__init__([], truth, prefix=self.network.enter("host"), plugins={"network"},
                         extra=SENDER)
        self.ends = ends
        self.others = [Collectd(interval=INTERVAL, prefix=self.network.enter("central"),
                                plugins=("network", "write_prometheus"), extra=CENTRAL_CONF)]
        for host in HOSTS[1:]:
            self.others.append(Collectd(
                OPTIONS.format(sys="/sys"), interval=INTERVAL,
                prefix=self.network.enter(host), plugins=("network", "write_http"),
                extra=f'Hostname "{host}"\n{SENDER}{truth.config()}'))

    def begin(self):
        for other in self.others:
            other.__enter__()
        super().begin()
        for host in HOSTS:
            wait_for(f"closes of {host}", lambda h=host: len(self.truth.times(h)) > 3)

    def __exit__(self, *why):
        try:
            super().__exit__(*why)
            for other in reversed(self.others):
                other.__exit__(*why)
        finally:
            self.network.close()


class Central(VictoriaMetrics):
    plugins = frozenset()
    title = "fleet: network, central, VictoriaMetrics"
    hosts = HOSTS

    def __init__(self):
        super().__init__(SCRAPED, CENTRAL)

    def config(self):
        return ""  # what scrapes the central one
