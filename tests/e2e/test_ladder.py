#!/usr/bin/python3
"""The ladder of samplers: the best that the machine allows is taken, the log
says once which and why it is no better one, and so does gauge-sampler."""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import Collectd, kernel, proc_hides, samplers, sees_all, skip, wait_for

NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
CAPABLE = NOBODY + ["--inh-caps", "+bpf,+perfmon", "--ambient-caps", "+bpf,+perfmon"]
APART = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
         "--propagation", "unchanged"]  # in a chroot "/" is no mount

OLD = kernel() < (5, 11)
if OLD:  # which counts the memory of BPF maps against the user's limit
    CAPABLE = ["prlimit", "--memlock=unlimited"] + CAPABLE

EVERY = {3: ('by the sampler "bpf" (BPF', "with every exit")}
IN_A_NAMESPACE = {2: (
    'by the sampler "bpf" (BPF', "a better sampler is unavailable: ended "
    "processes are only reported in the initial pid namespace")}
if not sees_all():
    EVERY = IN_A_NAMESPACE
if kernel() < (6, 5):  # but Debian's 6.1 has struct pid of 6.5
    IN_A_NAMESPACE[1] = (
        'by the sampler "proc"', "a better sampler is unavailable: BPF does not see "
        "process 1 as /proc does: it counts in another pid or time namespace")
WITHOUT = {1: (
    'by the sampler "proc"', "a better sampler is unavailable: load the BPF "
    "program that dumps the processes: Operation not permitted (it needs "
    + ("CAP_BPF, CAP_PERFMON and, before Linux 5.11, LimitMEMLOCK=infinity; or root)\n"
       if OLD else "CAP_BPF and CAP_PERFMON, or root)\n"))}

# (who, command in front of collectd, what the log says by gauge-sampler)
RUNGS = [
    ("root", [], EVERY),
    ("nobody with CAP_BPF and CAP_PERFMON", CAPABLE, EVERY),
    ("root in a pid namespace", APART, IN_A_NAMESPACE),
    ("nobody", NOBODY, WITHOUT),
]


def check(who, prefix, words):
    c = Collectd(prefix=prefix)
    if "setpriv" in prefix:
        os.chown(c.dir, 65534, 65534)
    with c:
        wait_for("a close", lambda: c.value("procman_self/count-series"))
        c.intervals(3)
        level = c.value("procman_self/gauge-sampler")
        assert level in words, c.said()
        for text in words[level]:
            assert c.said().count(text) == 1, (text, c.said())
        # the numbers are those of the namespace that collectd lives in
        processes = c.get("procman_system/ps_count")["processes"]
        few = prefix == APART or prefix == NOBODY and proc_hides()
        assert (processes <= 3) == few, processes
        exits = any("total_events-exit_error" in n for n in c.names())
        assert exits == (level == 3), c.names()
        print(f"  {who}: {level}")


def check_forced():
    """Who asks for bpf gets it or learns why not."""
    c = Collectd('  Sampler "bpf"', prefix=NOBODY)
    os.chown(c.dir, 65534, 65534)
    try:
        _, said = c.once()
    finally:
        c.__exit__(None, None, None)
    assert "it needs CAP_BPF" in said, said
    assert "no metrics will be read" in said, said
    print('  nobody with Sampler "bpf": refused, with the reason')


def main():
    if os.geteuid() != 0:
        skip("only root can become somebody else")
    if "bpf" not in samplers():
        skip("BPF cannot be had here (see above)")
    for rung in RUNGS:
        check(*rung)
    check_forced()


if __name__ == "__main__":
    main()
