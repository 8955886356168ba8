"""The control socket from outside: one request a line, answers as they come;
and what a process can do with its own hands.  Stands alone: it is also the
program of a Peer (control.py)."""
import json
import os
import queue
import socket
import sys
import threading
import time

PATIENCE = 150  # as in harness.py


class Wire:
    """A connection."""

    def __init__(self, path, timeout=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX)
        # with a time limit Python does not wait for a place in the queue
        self.socket.connect(path)
        self.socket.settimeout(timeout)
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

    def watch(self, method, /, **params):
        """The id of a stream that the server knows of: what happens from now
        on is told.  What was told until now is passed over."""
        stream = self.send(method, **params)
        known = self.send("hello")
        while self.read().get("id") != known:
            pass
        return stream

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


def own_output(pid, proc="/proc"):
    """What one's own hands read of its stdout; else an errno."""
    try:
        with open(f"{proc}/{pid}/fd/1", "rb") as f:
            return f.read().decode().splitlines()
    except OSError as e:
        return e.errno


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


def own_status():
    """Who this process is, and what it may do."""
    with open("/proc/self/status", encoding="utf-8", errors="replace") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    with open("/proc/self/limits", encoding="ascii") as f:
        return status, f.read()


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
        return wire.watch(method, **params)

    @classmethod
    def cancel(cls, name, id):
        with cls.wires[name] as wire:
            return wire.cancel(id)


class Ears:
    """Of this process: what happens is heard while somebody else is told what
    to do, for who does not read is told less."""
    items = queue.Queue()

    @classmethod
    def listen(cls, path, **params):
        wire = Wire(path)
        stream = wire.watch("watch_events", **params)
        threading.Thread(target=cls.read, args=(wire,), daemon=True).start()
        return stream

    @classmethod
    def read(cls, wire):
        while message := wire.read():
            cls.items.put(message["params"]["item"])

    @classmethod
    def heard(cls, births, last=None):
        """Who of {pid: start_time} was told of, with the code of his end, until
        all, or the last, were told to have ended; and whether they were.  If not, others may
        have made more for a moment than the server keeps.  A busy machine gives
        a pid to another one soon."""
        births = {int(pid): birth for pid, birth in births.items()}
        left, codes = {last} if last else set(births), {}
        end = time.monotonic() + 20
        while left:
            try:
                item = cls.items.get(timeout=max(end - time.monotonic(), 0))
            except queue.Empty:
                return codes, False
            if births.get(item["pid"]) != item["start_time"]:
                continue
            codes[item["pid"]] = item.get("code", 0)
            if item["kind"] == "exit":
                left.discard(item["pid"])
        return codes, True


HANDS = {"call": call, "kill": own_kill, "links": own_links, "output": own_output, "pids": own_pids,
         "code": own_code, "status": own_status, "monitor": monitor, "watch": Streams.watch,
         "cancel": Streams.cancel, "listen": Ears.listen, "heard": Ears.heard}


def main():
    """What a Peer runs."""
    for line in sys.stdin:
        what, args, named = json.loads(line)
        print(json.dumps(HANDS[what](*args, **named)), flush=True)


if __name__ == "__main__":
    main()
