"""One user who does his worst to the control socket, with one process and 64
connections, and what another user then waits for hello and get_process_info.

    hostile.py SOCKET              does it until its input ends
"""

import json
import os
import pathlib
import selectors
import socket
import subprocess
import sys
import time

FLOODS, STOPPED, STREAMS = 32, 16, 16  # connections
MALLORY, ALICE = 54321, 54322          # uids
GLOB = "*a*a*a*a*a*b* x"
CALLS, WATCH_S = 400, 30


# ---- he ----

def request(number, method, **params):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method,
                       "params": params}).encode() + b"\n"


# as many as a connection may have, over and over; kill_process is refused
FLOOD = b"".join(
    request(n, *what) if len(what) == 1 else request(n, what[0], **what[1])
    for n, what in enumerate(4 * [
        ("hello",), ("list_groups",), ("get_process_info", {"pid": 1}),
        ("list_processes", {"filter": {"name": GLOB}}), ("describe",),
        ("get_system_info",), ("kill_process", {"pid": 1, "signal": 0})]))
STREAM = b"".join(
    [request(n, "monitor_system", interval_seconds=0.25, processes=100)
     for n in range(7)] + [request(7, "watch_events")])


def connected(path):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.setblocking(False)
    return s


def attack(path):
    select = selectors.DefaultSelector()
    for i in range(FLOODS + STOPPED + STREAMS):
        s = connected(path)
        what = FLOOD if i < FLOODS else STREAM if i >= FLOODS + STOPPED else \
            8 * request(i, "list_processes")
        reads = i < FLOODS or i >= FLOODS + STOPPED
        events = selectors.EVENT_WRITE | (selectors.EVENT_READ if reads else 0)
        select.register(s, events, [what, 0])
    select.register(sys.stdin, selectors.EVENT_READ, None)
    print("ready", flush=True)
    while True:
        for key, mask in select.select():
            if key.data is None:
                return
            serve(select, key, mask)


def serve(select, key, mask):
    s, state = key.fileobj, key.data
    try:
        if mask & selectors.EVENT_READ and not s.recv(1 << 20):
            raise BrokenPipeError
        if mask & selectors.EVENT_WRITE:
            state[1] += s.send(state[0][state[1]:])
    except BlockingIOError:
        return
    except OSError:  # he comes again
        select.unregister(s)
        s.close()
        select.register(connected(sys.argv[1]), key.events, [state[0], 0])
        return
    if state[1] == len(state[0]):
        if state[0] is FLOOD:
            state[1] = 0
        else:
            select.modify(s, key.events & ~selectors.EVENT_WRITE or
                          selectors.EVENT_READ, state)


# ---- she ----

def waits(connect, method, **params):
    """Sorted seconds of CALLS calls, twenty a second."""
    taken = []
    with connect() as wire:
        for _ in range(CALLS):
            start = time.perf_counter()
            wire.send(method, **params)
            wire.lines.readline()
            taken.append(time.perf_counter() - start)
            time.sleep(0.05)
    return sorted(taken)


def as_alice(work):
    """Her answers, from a process of hers."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(ours)
            os.setgroups([])
            os.setresgid(ALICE, ALICE, ALICE)
            os.setresuid(ALICE, ALICE, ALICE)
            with os.fdopen(theirs, "w") as out:
                json.dump(work(), out)
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return json.loads(text)


# ---- the whole ----

def cpu_ns(pid):
    """Of the whole daemon."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir())


def off(c):
    """How far intervals are from a second at worst."""
    seen, worst, end = None, 0.0, time.monotonic() + WATCH_S
    with c.connected() as unixsock:
        while time.monotonic() < end:
            at = c.stamp(unixsock)
            if seen and at != seen:
                worst = max(worst, abs(at - seen - 1))
            seen = at
            time.sleep(0.1)
    return worst


def phase(c, connect):
    """p99 of both calls in seconds, and what collectd used meanwhile."""
    pid = c.leader()
    before, start = cpu_ns(pid), time.monotonic()
    hello = as_alice(lambda: waits(connect, "hello"))
    info = as_alice(lambda: waits(connect, "get_process_info", pid=os.getpid()))
    used = (cpu_ns(pid) - before) / 1e9 / (time.monotonic() - start)
    return hello[CALLS * 99 // 100], info[CALLS * 99 // 100], used


def measure(c, connect):
    quiet = phase(c, connect)
    mallory = subprocess.Popen(
        ["setpriv", "--reuid", str(MALLORY), "--regid", str(MALLORY),
         "--clear-groups", sys.executable, "-c",
         pathlib.Path(__file__).read_text(), c.socket],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert mallory.stdout.readline() == b"ready\n"
        time.sleep(3)
        loud = phase(c, connect)
        worst = off(c)
    finally:
        mallory.stdin.close()
        mallory.wait()
    return quiet, loud, worst


def ms(seconds):
    return f"{seconds * 1e3:.3g} ms"


def hostile_lines(c, connect):
    quiet, loud, worst = measure(c, connect)
    more = loud[2] - quiet[2]
    good = loud[0] < 0.02 and loud[1] < 0.02 and more < 0.1 and worst < 0.05
    return [
        f"{'kept' if good else 'MISSED'}: while one user does his worst, 99 % of "
        f"another's hello come within {ms(loud[0])} (without him {ms(quiet[0])}) "
        f"and of her get_process_info within {ms(loud[1])} ({ms(quiet[1])}), "
        f"budget 20 ms; collectd takes {100 * more:.1f} % of a CPU more, budget "
        f"10; intervals are off by {ms(worst)} at worst, budget 50 ms"]


if __name__ == "__main__":
    attack(sys.argv[1])
