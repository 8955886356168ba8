#!/usr/bin/python3
"""An ordinary user makes /proc/PID/stat of his processes block for ever, and
io, exe, cwd and ns/ with it: intervals go on, the socket answers, such a process
keeps what is known of it, it can be killed, and collectd stops in time.  With
both samplers, for processes that collectd knew before and for others."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from control import Controlled, call
from fuse import Fuse
from harness import STOPPED, samplers, wait_for, written

COUNT = 4


def blocks(pid):
    """Does reading stat hang?  Asked by a child, which is given up."""
    p = subprocess.Popen(["cat", f"/proc/{pid}/stat"], stdout=subprocess.DEVNULL)
    try:
        p.wait(timeout=3)
        return False
    except subprocess.TimeoutExpired:
        p.kill()
        return True


def status(pid, key):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return next((line.split()[1] for line in f if line.startswith(key)), None)


def is_dying(pid):
    """It has ended, or has SIGKILL and ends when it hangs no more: its exit
    waits for the same lock."""
    if not os.path.exists(f"/proc/{pid}") or status(pid, "State:") == "Z":
        return True
    pending = int(status(pid, "ShdPnd:"), 16) | int(status(pid, "SigPnd:"), 16)
    return bool(pending & 1 << (signal.SIGKILL - 1))


def quick(what, ask, limit=1.0):
    start = time.monotonic()
    answer = ask()
    took = time.monotonic() - start
    assert took < limit, f"{what} took {took:.2f} s: {answer}"
    return answer


def check_intervals(c):
    start = time.monotonic()
    c.intervals(5)
    took = time.monotonic() - start
    assert took < 15, f"5 intervals of 1 s took {took:.1f} s"
    turn = min(row[1] for row in written(c, "procman_self/duration-turn")[1][-5:])
    assert turn < 0.1, f"a turn takes {turn} s"
    print(f"  5 intervals took {took:.2f} s, a turn {turn:.4f} s", flush=True)


def check_known(c, pid):
    """It keeps its memory and its state; what cannot be read is omitted."""
    listed = quick("the list", lambda: call(c.socket, "list_processes"))
    row = next(p for p in listed["processes"] if p["pid"] == pid)
    assert row["memory_rss"] and row["threads"] == 1, row
    found = quick("the information", lambda: call(
        c.socket, "get_process_info", pid=pid))
    assert found["success"], found
    assert set(found["omitted"]) >= {"exe", "cwd", "io"}, found
    assert found["process"]["memory_rss"], found


def check_kill(c, pid, **more):
    answer = quick("killing it", lambda: call(
        c.socket, "kill_process", pid=pid, signal="KILL", **more), 15)
    assert answer["success"], answer
    wait_for("its end", lambda: is_dying(pid))


def check(sampler):
    hang = Fuse("hang", "exec", str(COUNT))
    pids = hang.pids[2:]
    try:
        with Controlled(options=f'  Sampler "{sampler}"') as c:
            c.intervals(2)
            hang.process.stdin.write("go\n")
            wait_for("a stat that blocks", lambda: blocks(pids[0]))
            check_intervals(c)
            check_known(c, pids[0])
            check_kill(c, pids[0])
            check_kill(c, pids[1], scope="process_group"
                       if os.getpgid(pids[1]) == pids[1] else "process")
            took = c.stop()
            assert took < STOPPED, f"collectd took {took:.1f} s to stop"
            print(f"  {sampler}: known before: stopped after {took:.2f} s", flush=True)
        with Controlled(options=f'  Sampler "{sampler}"') as c:
            check_intervals(c)
            answer = quick("the information", lambda: call(
                c.socket, "get_process_info", pid=pids[2]))
            if sampler == "bpf":
                assert answer["success"], answer
                check_kill(c, pids[2])
            else:  # nobody can tell who it is, and it is said
                assert answer["error"]["code"] == "timed_out", answer
            took = c.stop()
            assert took < STOPPED, f"collectd took {took:.1f} s to stop"
            print(f"  {sampler}: there before: stopped after {took:.2f} s", flush=True)
    finally:
        hang.end()


def main():
    for sampler in samplers():
        check(sampler)


if __name__ == "__main__":
    main()
