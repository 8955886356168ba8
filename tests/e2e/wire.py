"""The golden files of tests/data/wire: what is said and answered on the wire.

    > REQUEST         what the client writes, one line to the wire
    < ANSWER          what the server must write, matched as below
    ! COMMAND         the player runs it, without waiting for its end
    .                 the server must hang up now

A line that begins with the same sign and three blanks goes on with the line
before.  In a request 4711 and 998877 are the pid and the start time of a
process that the player started: it has printed "one" and "two" to a file, its
stderr is /dev/null, and it sleeps.

An answer matches if it has everything that stands there; members beyond that
are allowed, since results may gain some.  "#" is any number, "$" any text, "!"
true or false; with a question mark behind, also null; "?" alone is anything.
["x","*"] is an array of any length whose elements match x.  Items of a stream
that do not match are passed over, for others live on the machine too.

python3 wire.py tests this by itself.
"""
import glob
import json
import os
import socket
import subprocess
import tempfile
import time

PID, START = 4711, 998877
SECONDS = 150


def read(path):
    """[(sign, text)] of a golden file."""
    steps = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            sign, text = line[0], line[1:].strip("\n")
            assert sign in "><!.", f"{path}: {line}"
            if sign in "><" and text.startswith("   "):
                assert steps and steps[-1][0] == sign, f"{path}: {line}"
                steps[-1] = (sign, steps[-1][1] + text.strip())
            else:
                steps.append((sign, text.strip()))
    return steps


def files(folder):
    return sorted(glob.glob(os.path.join(folder, "*.txt")))


# ---- matching ----

KINDS = {"#": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
         "$": lambda v: isinstance(v, str), "!": lambda v: isinstance(v, bool)}


def faults(want, have, where="answer"):
    """What does not match, in words."""
    if want == "?":
        return
    if isinstance(want, str) and want[:1] in KINDS and want[1:] in ("", "?"):
        if not (have is None and want[1:]) and not KINDS[want[0]](have):
            yield f"{where} is {json.dumps(have)} and not {want}"
    elif isinstance(want, dict) and isinstance(have, dict):
        for key in want:
            if key in have:
                yield from faults(want[key], have[key], f"{where}.{key}")
            else:
                yield f"{where} has no {key}"
    elif isinstance(want, list) and isinstance(have, list):
        yield from array_faults(want, have, where)
    elif type(want) is not type(have) or want != have:
        yield f"{where} is {json.dumps(have)} and not {json.dumps(want)}"


def array_faults(want, have, where):
    if want[1:] == ["*"]:
        want = want[:1] * len(have)
    if len(want) != len(have):
        yield f"{where} has {len(have)} elements and not {len(want)}"
    for i, (w, h) in enumerate(zip(want, have)):
        yield from faults(w, h, f"{where}[{i}]")


# ---- playing ----

class Sleeper:
    """A process of ours, with its start time (proc(5), stat field 22)."""

    def __enter__(self):
        with tempfile.TemporaryFile() as out:
            self.process = subprocess.Popen(
                ["sh", "-c", "echo one; echo two; exec sleep 600"],
                stdout=out, stderr=subprocess.DEVNULL)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
                fields = f.read().rsplit(")", 1)
            if fields[0].endswith("(sleep"):
                break
        self.pid, self.start = self.process.pid, int(fields[1].split()[19])
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()

    def put(self, text):
        return text.replace(str(START), str(self.start)).replace(str(PID), str(self.pid))


def is_item(message):
    return isinstance(message, dict) and message.get("method") == "stream"


def belongs(want, have):
    """Are they about the same request?  Answers come as they are ready."""
    return is_item(want) == is_item(have) and (is_item(have) or want.get("id") == have.get("id"))


class Answers:
    def __init__(self, lines, path):
        self.lines, self.path, self.held = lines, path, []

    def next(self, want):
        for have in self.held:
            if belongs(want, have):
                self.held.remove(have)
                return have
        while True:
            line = self.lines.readline()
            assert line, f"{self.path}: the server hung up instead of {json.dumps(want)}"
            have = json.loads(line)
            if belongs(want, have):
                return have
            self.held.append(have)

    def expect(self, want):
        """Items that do not match are passed over."""
        while True:
            have = self.next(want)
            found = list(faults(want, have))
            if not found:
                return
            assert is_item(have), (f"{self.path}: " + "; ".join(found) +
                                   f"\n  in {json.dumps(have)}")


def play(path, where):
    """A file against the server at a socket; AssertionError if it differs."""
    children = []
    with Sleeper() as sleeper, socket.socket(socket.AF_UNIX) as s:
        s.settimeout(SECONDS)
        s.connect(where)
        lines = s.makefile("rb")
        answers = Answers(lines, path)
        try:
            for sign, text in read(path):
                if sign == ">":
                    s.sendall(sleeper.put(text).encode() + b"\n")
                elif sign == "<":
                    answers.expect(json.loads(text))
                elif sign == "!":
                    # what was asked before is known to the server, also if it is slow
                    s.sendall(b'{"jsonrpc":"2.0","id":"known","method":"hello"}\n')
                    answers.expect({"id": "known"})
                    children.append(subprocess.Popen(text.split()))
                else:
                    assert not lines.readline(), f"{path}: the server did not hang up"
        finally:
            for child in children:
                child.kill()
                child.wait()


# ---- the matching itself ----

GOOD = [({}, {"a": 1}), ("#", 1.5), ("#?", None), ("$", ""), ("$?", None), ("!", False),
        ("?", [1]), (["#", "*"], []), (["#", "*"], [1, 2]), ([1, 2], [1, 2]),
        ({"a": {"b": "#"}}, {"a": {"b": 1, "c": 2}}), ("*", "*"), (None, None), ("x", "x")]
BAD = [({"a": 1}, {}), ("#", None), ("#", "1"), ("#", True), ("$", 1), ("!", 0), ("!?", 1),
       (["#", "*"], [1, "x"]), ([1], [1, 2]), ([1, 2], [1]), (1, True), (1, 1.5), (None, 0),
       ({}, []), ([], {}), ({"a": {"b": "#"}}, {"a": {"b": None}}), ("x", "y")]


def main():
    for want, have in GOOD:
        assert not list(faults(want, have)), (want, have)
    for want, have in BAD:
        assert list(faults(want, have)), (want, have)
    folder = os.path.join(os.environ.get("PM_SRC", "."), "tests", "data", "wire")
    steps = [step for path in files(folder) for step in read(path)]
    for sign, text in steps:
        if sign == "<":
            json.loads(text)
    print(f"{len(GOOD) + len(BAD)} matches, {len(steps)} steps in {len(files(folder))} files")


if __name__ == "__main__":
    main()
