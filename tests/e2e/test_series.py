#!/usr/bin/python3
"""Every promised series arrives in a real collectd, and with the right value:
compared with psutil, statvfs and the processes' own bookkeeping."""
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from harness import (STOPPED, Collectd, check_books, near, near_once, samplers,
                     sees_all, series_def, skip, total, wait_for, written)

try:
    import psutil
except ImportError:
    skip("psutil is missing (Debian: python3-psutil)")

BPF_ONLY = {"contextswitch-voluntary", "contextswitch-involuntary",
            "delay_rate-cpu", "total_events-dropped", "total_events-exit_ok",
            "total_events-exit_error", "total_events-exit_signal",
            "total_events-oom"}
CONTROL_ONLY = {"count-clients", "count-jobs"}  # test_control.py and test_jobs.py look

WORKER = r"""
import os, sys, threading, time
keep = [open("/dev/null") for _ in range(10)]
block = bytearray(32 << 20)
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
out = open(sys.argv[1], "wb", buffering=0)
print("ready", flush=True)
for line in sys.stdin:
    what, amount = line.split()
    if what == "burn":
        end = time.process_time() + float(amount)
        while time.process_time() < end:
            pass
    elif what == "write":
        out.write(b"x" * int(amount))
        os.fsync(out.fileno())
    elif what == "fault":
        import mmap
        m = mmap.mmap(-1, int(amount) * 4096)
        for i in range(int(amount)):
            m[i * 4096] = 1
    print("done", flush=True)
"""


class Worker:
    """A program of a name that nothing else has, which does what it is told."""

    def __init__(self, folder):
        self.script = os.path.join(folder, "pmworker.py")
        with open(self.script, "w", encoding="utf-8") as f:
            f.write(WORKER)
        self.data = os.path.join(folder, "worker.data")
        self.process = subprocess.Popen(
            ["/usr/bin/python3", self.script, self.data], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == "ready\n"
        self.ps = psutil.Process(self.process.pid)

    def tell(self, what, amount):
        self.process.stdin.write(f"{what} {amount}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def fake_sensors(folder):
    """A /sys with two equal chips and one that cannot be read."""
    for n, (place, milli) in enumerate([("nvme0", 41850), ("nvme1", 39000)]):
        chip = os.path.join(folder, "sys/class/hwmon", f"hwmon{n}")
        os.makedirs(os.path.join(folder, "sys/devices", place))
        os.makedirs(chip)
        os.symlink(f"../../../devices/{place}", os.path.join(chip, "device"))
        for name, text in [("name", "nvme\n"), ("temp1_input", f"{milli}\n"),
                           ("temp1_label", "Composite\n"),
                           ("temp2_input", "no number\n")]:
            with open(os.path.join(chip, name), "w", encoding="ascii") as f:
                f.write(text)
    return os.path.join(folder, "sys")


def check_all_arrive(c, unknown):
    have = c.names()
    missing = []
    for scope, _, kind, instance, line in series_def():
        name = f"{kind}-{instance}" if instance else kind
        if name in unknown or scope == "JOB":  # test_jobs.py
            continue
        where = {"SYSTEM": "procman_system", "DISK": "procman_disk-root",
                 "GROUP": "procman-worker", "PROCESS": "procman_process-worker-1",
                 "SELF": "procman_self"}.get(scope)
        if scope == "SENSOR":
            name, where = "temperature-nvme-Composite", "procman_system"
        if f"{where}/{name}" not in have:
            missing.append(line)
    assert not missing, "not sent:\n" + "\n".join(missing)
    invented = [n for n in have for b in unknown if n.endswith("/" + b)]
    assert not invented, f"sent without being known: {invented}"
    for name in ("_other", "_kernel", "_unattributed"):
        assert f"procman-{name}/ps_cputime" in have, name
    print(f"  {len(have)} series, none missing")


def check_system(c):
    get = lambda n: c.value("procman_system/" + n)
    near("memory-total", get("memory-total"), psutil.virtual_memory().total)
    near("swap-total", get("swap-total"), psutil.swap_memory().total)
    near("timestamp-boot", get("timestamp-boot"), psutil.boot_time(), absolute=1)
    states = lambda: sum(get(f"ps_state-{s}") for s in (
        "running", "sleeping", "blocked", "stopped", "zombies", "idle"))
    for name, want, relative, absolute in [
            ("memory-available", lambda m: m.available, 0.02, 0),
            ("memory-used", lambda m: m.total - m.available, 0.05, 64 << 20),
            ("memory-free", lambda m: m.free, 0.05, 64 << 20),
            ("memory-cached", lambda m: m.cached, 0.05, 64 << 20),
            ("memory-buffered", lambda m: m.buffers, 0.05, 8 << 20),
            ("percent-memory", lambda m: m.percent, 0, 1)]:
        near_once(name, lambda n=name: get(n),
                  lambda w=want: w(psutil.virtual_memory()), relative, absolute)
    near_once("swap-used", lambda: get("swap-used"),
              lambda: psutil.swap_memory().used, 0.05, 1 << 20)
    near_once("uptime", lambda: get("uptime"),
              lambda: time.clock_gettime(time.CLOCK_BOOTTIME), absolute=3)
    near_once("load (1 min)", lambda: c.get("procman_system/load")["shortterm"],
              lambda: os.getloadavg()[0], 0.2, 1)
    near_once("ps_count", lambda: c.get("procman_system/ps_count")["processes"],
              lambda: len(psutil.pids()), 0.1, 5)
    near_once("the sum of ps_state", states, lambda: len(psutil.pids()), 0.1, 5)
    near("temperature", get("temperature-nvme-Composite"), 41.85)
    near("its twin", get("temperature-nvme-nvme1-Composite"), 39)


def check_disk(c):
    disk = lambda: psutil.disk_usage("/")
    get = lambda n: c.value("procman_disk-root/" + n)
    near("disk total", get("bytes-total"), shutil.disk_usage("/").total)
    near_once("disk used", lambda: get("df_complex-used"), lambda: disk().used,
              0.02, 64 << 20)
    near_once("disk free", lambda: get("df_complex-free"), lambda: disk().free,
              0.02, 64 << 20)
    near_once("disk percent", lambda: get("percent_bytes-used"),
              lambda: disk().percent, absolute=1)
    st = os.statvfs("/")
    near("disk reserved", get("df_complex-reserved"),
         (st.f_bfree - st.f_bavail) * st.f_frsize, 0.02, 16 << 20)


def check_percent_cpu(c):
    """The machine's CPU over about the same seconds as psutil's."""
    def once():
        c.intervals(1)
        before, start = psutil.cpu_times(), time.monotonic()
        values = []
        for _ in range(4):
            c.intervals(1)
            values.append(c.value("procman_system/percent-cpu"))
        after, wall = psutil.cpu_times(), time.monotonic() - start
        idle = sum(getattr(after, k) - getattr(before, k)
                   for k in ("idle", "iowait", "steal"))
        want = 100 - 100 * idle / (wall * psutil.cpu_count())
        return sum(values) / len(values) - want
    near_once("percent-cpu beyond it", once, lambda: 0, absolute=12)


def status_bytes(pid, key):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        line = next(line for line in f if line.startswith(key + ":"))
    return int(line.split()[1]) << 10


def anonymous_of_all():
    of_all = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            of_all += status_bytes(pid, "RssAnon")
        except (OSError, StopIteration):
            pass  # it has ended, or it is a kernel thread
    return of_all


def check_parts(get, pid):
    """What resident memory consists of: exactly as status shows it since Linux
    6.16, which it does for a sleeper; before, nearly."""
    for name, key in [("anon", "RssAnon"), ("file", "RssFile"),
                      ("shmem", "RssShmem"), ("hugetlb", "HugetlbPages")]:
        near("memory-" + name, get("memory-" + name), status_bytes(pid, key),
             0.05, 1 << 18)
    near("the parts", sum(get("memory-" + name) for name in ("anon", "file", "shmem")),
         get("ps_rss"))


def check_anonymous(c):
    """The books of memory: all that is anonymous belongs to somebody.  The
    kernel's own sum has what is shared since fork(2) once, we in each process,
    as RssAnon has it."""
    def machine():
        with open("/proc/meminfo", encoding="ascii") as f:
            return next(int(line.split()[1]) << 10 for line in f
                        if line.startswith("AnonPages:"))
    def everybody():
        return sum(c.value(n) for n in c.names()
                   if n.startswith("procman-") and n.endswith("/memory-anon"))
    near_once("memory-anon of all groups", everybody, anonymous_of_all, 0.02, 4 << 20)
    near_once("AnonPages beyond it", lambda: max(0, machine() - everybody()),
              lambda: 0, absolute=4 << 20)


def check_idle_group(c, w):
    get = lambda n: c.value("procman-worker/" + n)
    memory = w.ps.memory_info()
    check_parts(get, w.process.pid)
    near("ps_rss", get("ps_rss"), memory.rss, 0.05, 1 << 20)
    near("ps_vm", get("ps_vm"), memory.vms)
    near("percent-memory", get("percent-memory"),
         100 * memory.rss / psutil.virtual_memory().total, 0.1, 0.01)
    near("threads", c.get("procman-worker/ps_count")["threads"],
         w.ps.num_threads())
    near("processes", c.get("procman-worker/ps_count")["processes"], 1)
    near("file_handles", get("file_handles"), w.ps.num_fds())
    import resource
    soft = resource.prlimit(w.process.pid, resource.RLIMIT_NOFILE)[0]
    near("percent-fd_worst", get("percent-fd_worst"),
         100 * w.ps.num_fds() / soft, 0.01)
    near("memory-swap", get("memory-swap"), w.ps.memory_full_info().swap)
    near_once("duration-oldest", lambda: get("duration-oldest"),
              lambda: time.time() - w.ps.create_time(), absolute=3)
    process = lambda n: c.value("procman_process-worker-1/" + n)
    near("slot's pid", process("gauge-pid"), w.process.pid)
    near("slot's rss", process("ps_rss"), memory.rss, 0.05, 1 << 20)
    near("slot's threads", process("threads"), w.ps.num_threads())
    near("slot sleeps", process("ps_state-sleeping"), 1)


def check_counters(c, w):
    c.intervals(2)
    read = lambda n, s: total(c, "procman-worker/" + n, s)
    names = [("ps_cputime", "user"), ("ps_cputime", "syst"),
             ("ps_disk_octets", "write"), ("io_octets", "tx"),
             ("ps_pagefaults", "minflt")]
    before = {k: read(*k) for k in names}
    cpu, io = w.ps.cpu_times(), w.ps.io_counters()
    faults = int(open(f"/proc/{w.process.pid}/stat").read().split()[9])
    w.tell("burn", 1.5)
    w.tell("write", 8 << 20)
    w.tell("fault", 2000)
    c.intervals(3)
    cpu2, io2 = w.ps.cpu_times(), w.ps.io_counters()
    faults2 = int(open(f"/proc/{w.process.pid}/stat").read().split()[9])
    grown = {k: read(*k) - v for k, v in before.items()}
    used = cpu2.user + cpu2.system - cpu.user - cpu.system
    near("CPU seconds", (grown[names[0]] + grown[names[1]]) / 1e6, used, absolute=0.03)
    near("disk bytes written", grown[names[2]], io2.write_bytes - io.write_bytes)
    near("bytes through write(2)", grown[names[3]], io2.write_chars - io.write_chars)
    near("minor faults", grown[names[4]], faults2 - faults)


def check_cores(c, w):
    """While it burns, it uses one core, or what the others leave of it: over
    the seconds all that it has used."""
    rows = lambda n: written(c, "procman-worker/" + n)[1]
    c.intervals(1)
    before, cpu = len(rows("gauge-cpu_cores")), w.ps.cpu_times()
    w.tell("burn", 3)
    c.intervals(3)
    used = sum(w.ps.cpu_times()[:2]) - sum(cpu[:2])
    cores, percent = rows("gauge-cpu_cores"), dict(rows("percent-cpu"))
    seen = sum(now[1] * (now[0] - then[0])
               for then, now in zip(cores[before - 1:], cores[before:]))
    near("core seconds", seen, used, 0.02, 0.1)
    stamp, most = max(cores[before:], key=lambda row: row[1])
    assert most <= 1.1, most
    near("percent-cpu of the machine", percent[stamp],
         100 * most / psutil.cpu_count(), 0.001)


def check_life(c, w):
    """The group stays when its process ends, and knows of a new one."""
    starts = total(c, "procman-worker/total_events-start", "value")
    w.end()
    c.intervals(2)
    near("processes after the end", c.get("procman-worker/ps_count")["processes"], 0)
    near("rss after the end", c.value("procman-worker/ps_rss"), 0)
    again = Worker(c.dir)
    c.intervals(2)
    near("processes again", c.get("procman-worker/ps_count")["processes"], 1)
    near("starts", total(c, "procman-worker/total_events-start", "value"), starts + 1)
    again.end()


def check_with(sampler):
    print(f"sampler {sampler}")
    c = Collectd(options=f"""
  Sampler "{sampler}"
  <Group "worker">
    Name "pmworker.py"
    PerProcess 2
  </Group>""")
    c.options += f'\n  SysPath "{fake_sensors(c.dir)}"'
    c.write()
    worker = Worker(c.dir)
    with c:
        wait_for("rates", lambda: c.value("procman-worker/percent-cpu") is not None)
        c.intervals(1)
        check_all_arrive(c, CONTROL_ONLY | (BPF_ONLY if sampler == "proc" else set()))
        check_system(c)
        check_disk(c)
        check_idle_group(c, worker)
        if sampler == "bpf":
            check_anonymous(c)
        check_counters(c, worker)
        check_cores(c, worker)
        check_percent_cpu(c)
        check_life(c, worker)
        check_books(c)
        took = c.stop()
        assert took < STOPPED, f"collectd took {took:.1f} s to stop"
        assert "ERROR" not in c.said() and "Value too old" not in c.said(), c.said()


def main():
    if not sees_all():
        skip("all processes are seen in the initial pid namespace only")
    for sampler in samplers():
        check_with(sampler)


if __name__ == "__main__":
    main()
