"""The control socket from outside: one request a line, answers as they come;
and what a process can do with its own hands.  Stands alone: it is also the
program of a Peer (control.py)."""
import json
import os
import socket
import sys
import time


class Wire:
    """A connection."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")
        self.id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.lines.close()
        self.socket.close()

    def send(self, method, /, **params):
        """The id of the request."""
        self.id += 1
        request = {"jsonrpc": "2.0", "id": self.id, "method": method}
        if params:
            request["params"] = params
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return self.id

    def read(self):
        """The next message; None at the end."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def call(self, method, /, **params):
        """The result, or the fault."""
        self.send(method, **params)
        answer = self.read()
        assert answer and answer["id"] == self.id, answer
        return answer.get("result") or answer["error"]

    def cancel(self, stream):
        """What is answered to it, and to the stream if it ends."""
        mine, answers = self.send("cancel", id=stream), {}
        while mine not in answers or (
                stream not in answers and answers[mine]["success"]):
            message = self.read()
            if "result" in message:
                answers[message["id"]] = message["result"]
        return answers[mine], answers.get(stream)


def call(path, method, /, **params):
    with Wire(path) as wire:
        return wire.call(method, **params)


def own_kill(pid, signal):
    try:
        os.kill(pid, signal)
    except OSError as e:
        return e.errno
    return 0


def own_links(pid, proc="/proc"):
    """Which of the owner's files open with one's own hands."""
    found = []
    for name in ("exe", "cwd"):
        try:
            os.readlink(f"{proc}/{pid}/{name}")
            found.append(name)
        except OSError:
            pass
    try:
        with open(f"{proc}/{pid}/io", "rb") as f:
            f.read()
        found.append("io")
    except OSError:
        pass
    return found


def own_pids(proc="/proc"):
    return [int(n) for n in os.listdir(proc) if n.isdigit()]


def own_code(pid):
    """How a zombie ended, or 0: the last field of its stat."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return int(f.read().rsplit(" ", 1)[1]) >> 8
    except OSError:
        return 0


def monitor(path):
    """Whom a stream shows, and how it ends."""
    with Wire(path) as wire:
        wire.send("monitor_system", count=1, interval_seconds=0.25, processes=100)
        item = wire.read()["params"]["item"]
        return [p["pid"] for p in item["processes"]], wire.read()["result"]


class Streams:
    """Of this process, one a name."""
    wires = {}

    @classmethod
    def watch(cls, path, name, method, **params):
        wire = cls.wires[name] = Wire(path)
        return wire.send(method, **params)

    @classmethod
    def cancel(cls, name, id):
        with cls.wires[name] as wire:
            return wire.cancel(id)

    @classmethod
    def ends(cls, name, pids):
        """The codes that are told of the ends of these."""
        wire, left, codes = cls.wires[name], set(pids), {}
        while left:
            item = wire.read()["params"]["item"]
            if item["kind"] == "exit" and item["pid"] in left:
                left.discard(item["pid"])
                codes[item["pid"]] = item.get("code", 0)
        return codes

    @classmethod
    def heard(cls, name, seconds):
        """Who is told to have started or ended, for so long."""
        wire, pids, end = cls.wires[name], set(), time.monotonic() + seconds
        wire.socket.settimeout(seconds)
        try:
            while time.monotonic() < end:
                pids.add(wire.read()["params"]["item"]["pid"])
        except TimeoutError:
            pass
        wire.close()
        return list(pids)


HANDS = {"call": call, "kill": own_kill, "links": own_links, "pids": own_pids,
         "code": own_code, "monitor": monitor, "watch": Streams.watch,
         "cancel": Streams.cancel, "ends": Streams.ends,
         "heard": Streams.heard}


def main():
    """What a Peer runs."""
    for line in sys.stdin:
        what, args, named = json.loads(line)
        print(json.dumps(HANDS[what](*args, **named)), flush=True)


if __name__ == "__main__":
    main()
