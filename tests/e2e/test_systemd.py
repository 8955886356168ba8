#!/usr/bin/python3
"""Jobs where systemd is PID 1: their holders are services of it, so that neither a
restart nor a stop of collectd's unit ends anything, and a holder that dies is
replaced by PID 1.  PM_SYSTEMD_ROOT: a Debian 12 with systemd and collectd-core
that is booted in a container (HACKING.md); PM_SYSTEMD_RESTARTS: how often its
collectd is restarted (20)."""
import errno
import fcntl
import json
import os
import random
import shutil
import signal
import statistics
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from container import Container
from harness import BUILD, skip, wait_for
from test_survive import line_of

ROOT = os.environ.get("PM_SYSTEMD_ROOT", "")
RESTARTS = int(os.environ.get("PM_SYSTEMD_RESTARTS", "20"))
JOBS = 3
CROWD = 24
CONF = """Hostname "host"
Interval 1
LoadPlugin syslog
<LoadPlugin procman>
  Globals false
</LoadPlugin>
<Plugin procman>
  Helper "/opt/procman/procman-hold"
  <Control>
    Socket "/run/procman/control.sock"
  </Control>
  <Jobs>
    Helper "@keep@"
    LogMaxBytes "16G"
  </Jobs>
</Plugin>
"""
KEEP = "/opt/procman/procman-keep"


class Machine(Container):
    """With what was built, and jobs."""

    def install(self):
        modules = self.outside("/usr/lib/collectd")
        os.makedirs(self.outside("/opt/procman"), exist_ok=True)
        shutil.copy(os.path.join(BUILD, ".libs", "procman.so"), modules)
        for name in ("procman-hold", "procman-keep", "procmanctl", "tests/e2e/lines"):
            shutil.copy(os.path.join(BUILD, name), self.outside("/opt/procman"))
        for place in ("/var/log/procman", "/var/log/lines"):
            shutil.rmtree(self.outside(place), ignore_errors=True)
        os.makedirs(self.outside("/var/log/lines"))
        # restarted more often than the unit allows; its KillMode= stays the default
        place = self.outside("/etc/systemd/system/collectd.service.d")
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, "often.conf"), "w", encoding="ascii") as f:
            f.write("[Unit]\nStartLimitIntervalSec=0\n")
        self.configure(KEEP)

    def configure(self, keep):
        os.makedirs(self.outside("/etc/collectd"), exist_ok=True)
        with open(self.outside("/etc/collectd/collectd.conf"), "w", encoding="ascii") as f:
            f.write(CONF.replace("@keep@", keep))

    def __enter__(self):
        self.install()
        return super().__enter__()

    def ctl(self, *args, check=True):
        """What procmanctl prints: objects."""
        said = self.run("/opt/procman/procmanctl", "-o", "json", *args, check=check)
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def job(self, job_id):
        return self.ctl("status", job_id)[0]["job"]

    def units(self):
        said = self.run("systemctl", "list-units", "--all", "--plain", "--no-legend",
                        "procman-job-*")
        return [line.split()[0] for line in said.splitlines() if line.strip()]

    def show(self, unit, name):
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def folders(self):
        place = self.inside("/run/procman/jobs")
        return sorted(n for n in os.listdir(place) if os.path.isdir(os.path.join(place, n)))

    def has_turned(self):
        return "success" in self.run("/opt/procman/procmanctl", "-o", "json", "groups",
                                     check=False)

    def restart(self, keep=KEEP):
        self.configure(keep)
        self.run("systemctl", "restart", "collectd")
        wait_for("a turn", self.has_turned)

    def members(self, unit):
        """Pids as this machine counts them."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cgroup", encoding="ascii") as f:
                    if f"/{unit}\n" in f.read():
                        found.append(int(pid))
            except (FileNotFoundError, ProcessLookupError):
                pass
        return found

    def holder(self, unit):
        """Who has the job's lock: its own child is named like it for a moment."""
        job_id = unit.removeprefix("procman-job-").removesuffix(".service")
        whole = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        try:
            with open(self.inside(f"/run/procman/jobs/{job_id}/lock"), "r+b") as f:
                found = struct.unpack("hhqqi", fcntl.fcntl(f, fcntl.F_GETLK, whole))
        except FileNotFoundError:
            return None
        return None if found[0] == fcntl.F_UNLCK else found[4]


def unit_of(job_id):
    return f"procman-job-{job_id}.service"


def start_lines(m, i):
    stop = f"/var/log/lines/stop{i}"
    said = m.ctl("start", "-n", f"lines{i}", "-C", "/", "--", "/opt/procman/lines", stop, "0")[-1]
    assert said["success"] and said["survives_restart"], said
    return said["job_id"], stop


def kill(pid):
    if pid:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return bool(pid)


def text_of(m, job_id, stream):
    place = m.outside(f"/var/log/procman/0/{job_id}")
    text = b""
    for name in sorted(os.listdir(place)):
        if name.startswith(stream) and not name.endswith(".index"):
            with open(os.path.join(place, name), "rb") as f:
                text += f.read()
    return text


def check_lines(m, job_id, stop):
    """All that it wrote, in order and once; their number."""
    with open(m.outside(stop), encoding="ascii") as f:
        count = int(f.read())
    for stream, name in (("out", b"o"), ("err", b"e")):
        want = b"".join(line_of(name, n) for n in range(1, count + 1))
        got = text_of(m, job_id, stream)
        assert got == want, f"{job_id} {stream}: {len(got)} bytes of {len(want)}"
    return 2 * count


def end_by_itself(m, stop):
    with open(m.outside(stop), "w", encoding="ascii"):
        pass


def restarts(m):
    """Of collectd, while the jobs print and their holders are killed."""
    jobs = dict(start_lines(m, i) for i in range(JOBS))
    pids = {i: m.job(i)["pid"] for i in jobs}
    killed = 0
    assert sorted(m.units()) == sorted(map(unit_of, jobs)), m.units()
    for _ in range(RESTARTS):
        for i in jobs:
            if random.random() < 0.4:
                killed += kill(m.holder(unit_of(i)))
        time.sleep(random.choice((0, random.random() * 0.3)))  # collectd sees it, or not
        m.restart()
        for i in jobs:
            wait_for("the holder", lambda i=i: m.holder(unit_of(i)))
            job = wait_for("the job", lambda i=i: m.job(i) if m.job(i)["survives_restart"]
                           else None)
            assert job["pid"] == pids[i] and job["restarts"] == 0, job
    replaced = sum(int(m.show(unit_of(i), "NRestarts")) for i in jobs)
    assert replaced == killed, (replaced, killed)
    print(f"  {RESTARTS} restarts of collectd, {killed} kills of holders, {replaced} replaced by "
          f"PID 1: {JOBS} jobs with the same pids")
    return jobs


def unattended(m, jobs):
    """Collectd is stopped and the holder killed just before its job ends: PID 1
    alone has what it has written."""
    m.run("systemctl", "stop", "collectd")
    for i, stop in jobs.items():
        os.kill(m.holder(unit_of(i)), signal.SIGKILL)
        end_by_itself(m, stop)
    wait_for("the units' end", lambda: not m.units())
    m.run("systemctl", "start", "collectd")
    wait_for("a turn", m.has_turned)
    lines, known = 0, 0
    for i, stop in jobs.items():
        job = wait_for("its end", lambda i=i: m.job(i) if m.job(i)["state"] == "exited" else None)
        known += job["exit"].get("code") == 0
        lines += check_lines(m, i, stop)
    print(f"  {lines} lines, 0 lost, doubled or torn; {known} of {len(jobs)} exits known")
    return known


def crowd(m):
    """Starts at once while holders are killed: each is answered once its job runs,
    and none is lost; of a holder that dies together with what it has just forked
    it is told that nothing was started, and nothing was."""
    said, killed, over = [], 0, threading.Event()

    def start(n):
        said.append(m.ctl("start", "-n", f"crowd{n}", "-C", "/", "--", "/bin/sleep", "1000",
                          check=False)[-1])
    threads = [threading.Thread(target=start, args=(n,)) for n in range(CROWD)]
    ender = threading.Thread(target=lambda: ([t.join() for t in threads], over.set()))
    for t in threads + [ender]:
        t.start()
    while not over.is_set():
        for job_id in m.folders():
            if random.random() < 0.1:
                killed += kill(m.holder(unit_of(job_id)))
    ender.join()
    assert len(said) == CROWD, said
    failed = [r["error"] for r in said if not r["success"]]
    assert all((e["code"], e["stage"], e["errno"]) == ("start_failed", "holder", "ECHILD")
               for e in failed), failed
    left = [f for f in m.folders() if f.startswith("crowd")]
    assert len(left) == CROWD - len(failed) > CROWD // 2, (failed, left)
    for r in filter(lambda r: r["success"], said):
        unit = unit_of(r["job_id"])
        pid = wait_for("its holder", lambda unit=unit: m.holder(unit))
        job = wait_for("its state", lambda r=r: m.job(r["job_id"])
                       if m.job(r["job_id"])["survives_restart"] else None)
        assert job["state"] == "running" and job["restarts"] == 0, job
        assert len(m.members(unit)) == 2 and pid in m.members(unit), m.members(unit)
        m.ctl("stop", r["job_id"])
    wait_for("no unit", lambda: not m.units())
    print(f"  {CROWD} starts at once, {killed} kills of holders meanwhile: {CROWD - len(failed)} "
          "run, in their units, of the others nothing is left")


def stops(m):
    """With all that it has started; also by systemctl, and a start again."""
    said = m.ctl("start", "-t", "2", "-n", "tree", "-C", "/", "--", "/bin/sh", "-c",
                 "setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & exec sleep 1000")[-1]
    unit = unit_of(said["job_id"])
    wait_for("its tree", lambda: len(m.members(unit)) >= 3)
    m.ctl("stop", said["job_id"])
    wait_for("nobody", lambda: not m.members(unit))
    wait_for("no unit", lambda: unit not in m.units())
    m.ctl("restart", said["job_id"])
    assert m.holder(unit) and m.job(said["job_id"])["survives_restart"]
    m.run("systemctl", "stop", unit)
    wait_for("nobody", lambda: not m.members(unit))
    wait_for("its end", lambda: m.job(said["job_id"])["state"] == "exited")
    m.ctl("rm", said["job_id"])
    wait_for("no folder", lambda: said["job_id"] not in m.folders())
    assert not m.units(), m.units()
    print("  stop_job, restart_job and systemctl stop end and start all of a job")


def failures(m):
    """Nothing is left of a start that failed."""
    before = m.folders()
    for command, code in ((["/no/such/command"], errno.ENOENT), (["/etc/passwd"], errno.EACCES)):
        said = m.run("/opt/procman/procmanctl", "-o", "json", "start", "-C", "/", "--", *command,
                     check=False)
        assert os.strerror(code) in said or str(code) in said or "exec" in said, said
    m.restart("/opt/procman/no-such-keep")
    m.run("/opt/procman/procmanctl", "start", "-C", "/", "/bin/true", check=False)
    shutil.copy("/bin/false", m.outside("/opt/procman/false"))
    m.restart("/opt/procman/false")
    said = m.run("/opt/procman/procmanctl", "-o", "json", "start", "-C", "/", "/bin/true",
                 check=False)
    assert "job_id" not in said, said
    m.restart()
    assert not m.units(), m.units()
    assert m.folders() == before, (before, m.folders())
    print("  failed starts leave no unit and no folder")


def limits(m):
    """A job has the limits of whoever started it, and of its control group or
    none."""
    job_id = m.ctl("start", "-C", "/", "--", "/bin/sleep", "1000")[-1]["job_id"]
    pid = str(m.job(job_id)["pid"])
    peer = m.run("sh", "-c", "cat /proc/self/limits")
    assert m.run("cat", f"/proc/{pid}/limits") == peer, peer
    m.ctl("stop", job_id)
    wait_for("no unit", lambda: not m.units())
    m.ctl("rm", job_id)
    before = m.folders()
    with open(m.inside("/sys/fs/cgroup/cgroup.controllers"), encoding="ascii") as f:
        has_memory = "memory" in f.read().split()
    said = m.run("/opt/procman/procmanctl", "start", "-q", "-l", "memory_max=64M", "-C", "/",
                 "--", "/bin/sleep", "1000", check=False).strip()
    if has_memory:
        assert m.show(unit_of(said), "MemoryMax") == str(64 << 20), said
        m.ctl("stop", said)
    else:
        assert not said and m.folders() == before and not m.units(), (said, m.units())
    print(f"  the limits of whoever asks; memory_max: {'set' if has_memory else 'refused'}, "
          f"{'with' if has_memory else 'without'} the controller")


def fallback(m):
    """Without systemd-run a job is within collectd's unit, and that is said."""
    place = m.outside("/usr/bin/systemd-run")
    os.rename(place, place + ".away")
    try:
        said = m.ctl("start", "-C", "/", "--", "/bin/sleep", "1000")[-1]
        assert said["success"] and not said["survives_restart"], said
        assert not m.units(), m.units()
        m.restart()
        job = wait_for("its end", lambda: m.job(said["job_id"])
                       if m.job(said["job_id"])["state"] == "exited" else None)
        assert job["exit"].get("code") != 0, job
    finally:
        os.rename(place + ".away", place)
    # now it can be one
    m.ctl("restart", said["job_id"])
    wait_for("its unit", lambda: m.job(said["job_id"])["survives_restart"])
    assert m.units() == [unit_of(said["job_id"])], m.units()
    m.ctl("stop", said["job_id"])
    wait_for("no unit", lambda: not m.units())
    print("  without systemd-run: survives_restart is false, and a restart ends it")


def seconds_of(m, count, *args):
    def once():
        began = time.monotonic()
        m.ctl(*args)
        return time.monotonic() - began
    return statistics.median(once() for _ in range(count))


def latency(m):
    """procmanctl's own time is that of a call which does nothing."""
    idle = seconds_of(m, 20, "hello")
    spent = seconds_of(m, 20, "start", "-C", "/", "--", "/bin/true")
    print(f"  a start by systemd-run: {1000 * (spent - idle):.0f} ms in the median", flush=True)
    wait_for("no unit", lambda: not m.units())


def in_group(m, name, pid):
    processes = m.ctl("list", "-j", name)[0]["processes"]
    return {p["pid"]: p["group"] for p in processes}.get(pid) == f"job@{name}"


def groups(m):
    """Whose processes they are is told by the unit's control group, also by the
    collectd that follows."""
    started = m.ctl("start", "-n", "grouped", "--", "sleep", "600")[0]
    pid = started["process"]["pid"]
    wait_for("its group", lambda: in_group(m, "grouped", pid))
    m.restart()
    wait_for("its group after a restart", lambda: in_group(m, "grouped", pid))
    m.ctl("stop", "grouped")
    m.ctl("rm", "grouped")
    print("a job's processes are in its group, before and after a restart of collectd",
          flush=True)


def main():
    if not ROOT:
        skip("PM_SYSTEMD_ROOT is not set: see HACKING.md")
    if os.geteuid() or not shutil.which("systemd-nspawn"):
        skip("systemd-nspawn, and root, are needed")
    random.seed(os.environ.get("PM_SEED", time.time()))
    with Machine(ROOT) as m:
        m.restart()
        groups(m)
        latency(m)
        unattended(m, restarts(m))
        crowd(m)
        stops(m)
        limits(m)
        fallback(m)
        failures(m)


if __name__ == "__main__":
    main()
