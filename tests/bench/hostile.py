"""One user who does his worst to the control socket, with one process and 64
connections, and what another user then waits for hello and get_process_info.

    hostile.py SOCKET KIND         does it until its input ends
"""

import json
import os
import pathlib
import selectors
import socket
import subprocess
import sys
import time
import traceback

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


BLANKS = 16384 * b"\n"


def with_calls(select, path):
    """Floods of every method, lists that are not read, and streams."""
    for i in range(FLOODS + STOPPED + STREAMS):
        s = connected(path)
        what = FLOOD if i < FLOODS else STREAM if i >= FLOODS + STOPPED else \
            8 * request(i, "list_processes")
        reads = i < FLOODS or i >= FLOODS + STOPPED
        events = selectors.EVENT_WRITE | (selectors.EVENT_READ if reads else 0)
        select.register(s, events, [what, 0])


def with_blanks(select, path):
    """Lines that are no requests."""
    for _ in range(FLOODS + STOPPED + STREAMS):
        select.register(connected(path), selectors.EVENT_WRITE, [BLANKS, 0])


def with_connections(select, path):
    """Connections that are closed at once, as many as there is time for."""
    while not select.select(0):
        for _ in range(100):
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            s.connect_ex(path)
            s.close()


KINDS = {"calls": with_calls, "blanks": with_blanks,
         "connections": with_connections}


def attack(path, kind):
    select = selectors.DefaultSelector()
    select.register(sys.stdin, selectors.EVENT_READ, None)
    print("ready", flush=True)
    KINDS[kind](select, path)
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
        if state[0] in (FLOOD, BLANKS):
            state[1] = 0
        else:
            select.modify(s, key.events & ~selectors.EVENT_WRITE or
                          selectors.EVENT_READ, state)


# ---- she ----

def comes(connect):
    """The same of connections, each with a hello."""
    taken = []
    for _ in range(CALLS):
        start = time.perf_counter()
        with connect() as wire:
            wire.send("hello")
            wire.lines.readline()
        taken.append(time.perf_counter() - start)
        time.sleep(0.05)
    return sorted(taken)


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
        except BaseException:
            traceback.print_exc()
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
    """p99 of the calls in seconds, and what collectd used meanwhile."""
    pid = c.leader()
    before, start = cpu_ns(pid), time.monotonic()
    p99 = [as_alice(work)[CALLS * 99 // 100] for work in (
        lambda: waits(connect, "hello"),
        lambda: waits(connect, "get_process_info", pid=os.getpid()),
        lambda: comes(connect))]
    used = (cpu_ns(pid) - before) / 1e9 / (time.monotonic() - start)
    return p99, used


def under(kind, c, connect):
    """The same while he does that, and how far intervals are off."""
    mallory = subprocess.Popen(
        ["setpriv", "--reuid", str(MALLORY), "--regid", str(MALLORY),
         "--clear-groups", sys.executable, "-c",
         pathlib.Path(__file__).read_text(), c.socket, kind],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert mallory.stdout.readline() == b"ready\n"
        time.sleep(3)
        return *phase(c, connect), off(c)
    finally:
        mallory.stdin.close()
        mallory.wait()


def ms(seconds):
    return f"{seconds * 1e3:.3g} ms"


def hostile_lines(c, connect):
    quiet, usual = phase(c, connect)
    lines = []
    for kind in KINDS:
        p99, used, worst = under(kind, c, connect)
        good = max(p99) < 0.02 and used - usual < 0.1 and worst < 0.05
        hello, info, come = (f"{ms(a)} (without him {ms(b)})"
                             for a, b in zip(p99, quiet))
        lines.append(
            f"{'kept' if good else 'MISSED'}: while one user does his worst with "
            f"{kind}, 99 % of another's hello come within {hello}, of her "
            f"get_process_info within {info}, with a new connection within "
            f"{come}, budget 20 ms; collectd takes {100 * (used - usual):.1f} % "
            f"of a CPU more, budget 10; intervals are off by {ms(worst)} at "
            f"worst, budget 50 ms")
    return lines


if __name__ == "__main__":
    attack(*sys.argv[1:])
