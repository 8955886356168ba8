"""The machine as the bench finds it: processes to be counted, limits to be
raised and put back, and what /proc says of a process."""

import os
import pathlib
import re
import socket
import subprocess
import sys
import threading

PROC = pathlib.Path("/proc")


class Failed(Exception):
    """Something could not be measured."""


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


def ms(ns):
    return f"{ns / 1e6:.1f}" if ns < 1e9 else f"{ns / 1e6:.0f}"


def read_number(path):
    return int(pathlib.Path(path).read_text())


def thread_count():
    # the fourth field of loadavg is runnable/all
    return int((PROC / "loadavg").read_text().split()[3].split("/")[1])


class Limits:
    """Raises what bounds the number of processes, and puts it back."""

    # room for what else runs and starts meanwhile
    SPARE = 4096
    FILES = ("/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max")

    def __init__(self, count):
        self.need = count + thread_count() + self.SPARE
        self.before = {}

    def __enter__(self):
        for path in self.FILES:
            have = read_number(path)
            if have >= self.need:
                continue
            try:
                pathlib.Path(path).write_text(str(self.need))
                self.before[path] = have
            except OSError as error:
                # without the spare room it may still do
                if have < self.need - self.SPARE:
                    self.__exit__()
                    name = os.path.basename(path)
                    raise Failed(f"{name} is {have}: {error.strerror}")
        return self

    def __exit__(self, *_):
        for path, value in self.before.items():
            pathlib.Path(path).write_text(str(value))


class Crowd:
    """Processes or threads that do nothing."""

    def __init__(self, program, *arguments):
        self.command = [program, *map(str, arguments)]
        self.what = f"{arguments[0]} {os.path.basename(program)}"

    def __enter__(self):
        say(f"starting {self.what} ...", end="")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        try:
            if self.process.stdout.readline() != "ready\n":
                raise Failed(self.process.stderr.read().strip())
        except BaseException:  # also a signal of ours while they start
            self.__exit__()
            raise
        say(" ready")
        return self

    def __exit__(self, *_):
        say("ending them ...", end="")
        self.process.stdin.close()
        self.process.wait()
        say(" done")


class Sink:
    """A UDP socket that takes what the network writer sends."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        packet = bytearray(65536)
        while True:
            self.socket.recv_into(packet)


def thread_ns(pid):
    """CPU of all threads; 0 for a process that is gone."""
    total = 0
    try:
        for thread in (PROC / str(pid) / "task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total


def children(pid):
    found = []
    for thread in (PROC / str(pid) / "task").iterdir():
        found += (thread / "children").read_text().split()
    return [int(child) for child in found]


def field_bytes(path, name):
    match = re.search(rf"^{name}:\s+(\d+) kB", path.read_text(), re.M)
    return int(match.group(1)) * 1024
