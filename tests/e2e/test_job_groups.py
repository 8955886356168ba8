#!/usr/bin/python3
"""What a job uses is its group's, from its first process on: job@NAME, or _jobs
with all others that have no group of their own; and nobody else's is."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from control import Controlled, call
from harness import check_books, near, near_once, samplers, total, wait_for

# the CPU time is that of awk, which is nobody else's here
BURN = "awk 'BEGIN { for (i = 0; i < %d; i++) s += i %% 7 }'"


def start(c, text, **params):
    r = call(c.socket, "start_process", command="sh", args=["-c", text], **params)
    assert r.get("success"), r
    return r


def pids(c, **where):
    r = call(c.socket, "list_processes", filter=where, max_age_seconds=0)
    assert r.get("success"), r
    return {p["pid"]: p for p in r["processes"]}


def group(c, name):
    rows = call(c.socket, "list_groups")["groups"]
    return next((g for g in rows if g["name"] == name), None)


def used(c, name):
    try:
        return sum(total(c, f"procman-{name}/ps_cputime", s) for s in ("user", "syst")) / 1e6
    except (FileNotFoundError, IndexError):
        return 0.0


def check_life(c):
    """With a daemon that has left its session, its parent and its name."""
    r = start(c, "cp /bin/sleep ./nap; setsid ./nap 600 & setsid sh -c 'exec sleep 601 &' & "
                 + BURN % 3000000 + "; exec sleep 602", name="life", working_dir=c.path("run"))
    wait_for("all of it", lambda: len(pids(c, job_id="life")) == 3)
    mine = pids(c, job_id=r["job_id"])
    assert {p["group"] for p in mine.values()} == {"job@life"}, mine
    assert r["process"]["pid"] in mine, (r, mine)
    assert pids(c, group="job@life").keys() == mine.keys()
    near_once("its processes", lambda: c.value("procman-job@life/ps_count") or 0, lambda: 3)
    row = group(c, "job@life")
    assert (row["kind"], row["emitted"], row["processes"]) == ("job", True, 3), row
    nobody = call(c.socket, "list_processes", filter={"job_id": "no-such"})
    assert nobody["error"]["code"] == "not_found", nobody
    call(c.socket, "remove_job", job_id="life")
    call(c.socket, "stop_job", job_id="life", timeout_seconds=1)
    call(c.socket, "remove_job", job_id="life")
    wait_for("its end", lambda: c.get("procman-job@life/ps_count") is None or
             c.value("procman-job@life/ps_count") == 0)


def check_short(c, exact):
    """It ends between two turns: what it used is its own to the microsecond,
    as the exit record has it."""
    for i in range(3):
        before = used(c, "job@short")
        job = start(c, BURN % 300000, name="short")["job_id"]
        r = call(c.socket, "wait_job", job_id=job, timeout_seconds=60)
        cpu = r["job"]["exit"]["cpu_seconds"]
        c.intervals(2)
        if exact:
            near(f"CPU seconds of start {i + 1}", used(c, "job@short") - before, cpu,
                 relative=0.02, absolute=0.004)
        assert call(c.socket, "remove_job", job_id=job)["success"]
    if exact:
        assert group(c, "awk") is None or group(c, "awk")["cpu_seconds"] == 0, group(c, "awk")


def check_removed(c):
    """It is started, ends and is removed before the next turn: all the same."""
    before, cpu = used(c, "job@brief") + used(c, "_jobs"), 0
    for _ in range(5):
        job = start(c, BURN % 300000, name="brief")["job_id"]
        r = call(c.socket, "wait_job", job_id=job, timeout_seconds=60)
        cpu += r["job"]["exit"]["cpu_seconds"]
        assert call(c.socket, "remove_job", job_id=job)["success"]
    c.intervals(2)
    near("CPU seconds of jobs that were removed", used(c, "job@brief") + used(c, "_jobs") - before,
         cpu, relative=0.02, absolute=0.004)
    wait_for("its end", lambda: not group(c, "job@brief")["emitted"])


def check_rest(c):
    """Two have a group, the third has none until one of them has ended."""
    ids = [start(c, "exec sleep 600", name=f"place{i}")["job_id"] for i in range(3)]
    near_once("jobs in _jobs", lambda: c.value("procman-_jobs/ps_count") or 0, lambda: 1)
    assert {p["group"] for p in pids(c, job_id="place2").values()} == {"_jobs"}
    assert group(c, "_jobs")["kind"] == "pseudo"
    call(c.socket, "stop_job", job_id="place0", timeout_seconds=5)
    wait_for("a place", lambda: group(c, "job@place2"))
    near_once("jobs in _jobs", lambda: c.value("procman-_jobs/ps_count"), lambda: 0)
    for i in ids:
        call(c.socket, "stop_job", job_id=i, timeout_seconds=5)
        assert call(c.socket, "remove_job", job_id=i)["success"], i


def check_next_collectd(c):
    """It finds them again, and who belongs to them."""
    r = start(c, "setsid sleep 600 & exec sleep 601", name="again")
    wait_for("both", lambda: len(pids(c, job_id="again")) == 2)
    before = set(pids(c, job_id="again"))
    os.kill(c.leader(), 9)
    c.stop()
    c.__enter__()
    wait_for("its group", lambda: group(c, "job@again"))
    wait_for("both", lambda: set(pids(c, job_id="again")) == before)
    assert {p["group"] for p in pids(c, group="job@again").values()} == {"job@again"}
    call(c.socket, "stop_job", job_id=r["job_id"], timeout_seconds=1)


def has_groups():
    """Without control groups who belongs to a job is told by descent."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return any(" - cgroup2 " in line for line in f)


def sees_exits(c):
    """Not by /proc, nor in a pid namespace but the initial one."""
    return wait_for("a close", lambda: c.value("procman_self/gauge-sampler")) == 3


def main():
    stranger = subprocess.Popen(["sleep", "603"])
    try:
        for sampler in samplers():
            print(sampler, flush=True)
            with Controlled(options=f'  Sampler "{sampler}"', jobs="MaxJobGroups 2") as c:
                if has_groups():
                    check_life(c)
                exact = has_groups() and sees_exits(c)
                check_short(c, exact)
                if exact:
                    check_removed(c)
                check_rest(c)
                assert pids(c, name="sleep")[stranger.pid]["group"] == "sleep"
                if sampler == "bpf":
                    check_books(c)
                if has_groups():
                    check_next_collectd(c)
    finally:
        stranger.kill()


if __name__ == "__main__":
    main()
