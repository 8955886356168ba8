#!/usr/bin/python3
"""procman beside collectd's own plugins: all of them read, both say the same of the
machine, and aggregation, threshold, matches and targets work on its values."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from harness import Collectd, in_a_chroot, near_once, stock_modules, wait_for

# thermal and sensors read nothing where there is no such hardware
STOCK = ("processes", "cpu", "memory", "df", "load", "swap", "uptime", "thermal", "sensors")
CHAIN = ("aggregation", "threshold", "match_regex", "target_set", "target_replace")
PLUGINS = ("unixsock", "csv") + STOCK + CHAIN

OPTIONS = """  <Group "idle">
    Name "pmnobodyiscalledso"
  </Group>
"""

EXTRA = """
<Plugin processes>
  ProcessMatch "all" ".*"
</Plugin>
<Plugin df>
  MountPoint "/"
</Plugin>
<Plugin memory>
  ValuesAbsolute true
</Plugin>
<Plugin aggregation>
  <Aggregation>
    Plugin "procman"
    Type "percent"
    TypeInstance "cpu"
    SetPlugin "aggregated"
    SetPluginInstance "%{aggregation}"
    GroupBy "Host"
    CalculateSum true
    CalculateNum true
  </Aggregation>
</Plugin>
<Plugin threshold>
  <Plugin "procman">
    Instance "idle"
    <Type "ps_count">
      DataSource "processes"
      FailureMin 1
    </Type>
  </Plugin>
</Plugin>
PostCacheChain "PostCache"
<Chain "PostCache">
  <Rule "rename">
    <Match "regex">
      Plugin "^procman_disk$"
      PluginInstance "^root$"
    </Match>
    <Target "set">
      PluginInstance "rootfs"
    </Target>
  </Rule>
  Target "write"
</Chain>
"""


def missing_modules():
    return [n for n in PLUGINS if not os.path.exists(os.path.join(stock_modules(), n + ".so"))]


def kinds(names):
    return {name.split("/")[0].split("-")[0] for name in names}


def check_all_read(c):
    """All that can read on this machine do, and nobody complains."""
    with_us = wait_for("everybody", lambda: kinds(c.names()) if c.value("aggregated-sum/percent-cpu")
                       is not None else None)
    alone = {"processes", "cpu", "memory", "load", "uptime"}
    if not in_a_chroot():  # where df does not find "/" among the mounts
        alone.add("df")
    assert with_us >= alone | {"procman", "procman_system", "procman_disk", "procman_self"}, with_us
    print("  " + ", ".join(sorted(with_us)))


def check_same_numbers(c):
    """Of one moment: what both read."""
    near_once("memory used and its parts", lambda: c.value("procman_system/memory-total"),
              lambda: sum(c.value(f"memory/memory-{part}") for part in
                          ("used", "free", "buffered", "cached", "slab_recl", "slab_unrecl")),
              relative=0.01)
    near_once("uptime", lambda: c.value("procman_system/uptime"),
              lambda: c.value("uptime/uptime"), absolute=3)
    if not in_a_chroot():
        near_once("free on /", lambda: c.value("procman_disk-root/df_complex-free"),
                  lambda: c.value("df-root/df_complex-free"), relative=0.02)
    near_once("load", lambda: c.get("procman_system/load")["shortterm"],
              lambda: c.get("load/load")["shortterm"], absolute=2)


def check_chain(c):
    near_once("sum of all groups", lambda: c.value("aggregated-sum/percent-cpu"),
              lambda: sum(c.value(n) or 0 for n in c.names()
                          if n.startswith("procman-") and n.endswith("/percent-cpu")),
              absolute=3)
    near_once("their number", lambda: c.value("aggregated-num/percent-cpu"),
              lambda: sum(n.startswith("procman-") and n.endswith("/percent-cpu")
                          for n in c.names()))
    wait_for("the threshold", lambda: "idle" in c.said() and "below the failure threshold"
             in c.said())
    folder = c.path("csv/host")
    wait_for("the target", lambda: os.path.isdir(os.path.join(folder, "procman_disk-rootfs")))
    assert not os.path.exists(os.path.join(folder, "procman_disk-root"))


def main():
    missing = missing_modules()
    assert not missing, f"collectd-core has no {missing}"
    with Collectd(OPTIONS, plugins=PLUGINS, extra=EXTRA) as c:
        check_all_read(c)
        check_same_numbers(c)
        check_chain(c)
        wrong = [line for line in c.said().splitlines() if "procman" in line and
                 any(word in line for word in ("rror", "fail", "not found"))
                 and "threshold" not in line]
        assert not wrong, wrong


if __name__ == "__main__":
    main()
