"""The far ends as real daemons: each in a folder of its own, on ports of
127.0.0.1 that were free, without systemd."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import folder, wait_for

TYPES = "/usr/share/collectd/types.db"


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(url, data=None, **params):
    """The answer's text.  An answer that says no is an error with its words."""
    if params:
        url += "?" + urllib.parse.urlencode(params, doseq=True)
    try:
        with urllib.request.urlopen(url, data=data, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as e:
        words = re.sub(r"<style.*?</style>|<[^>]*>|\s+", " ", e.read().decode(), flags=re.S)
        raise RuntimeError(f"{url}: {e.code} {words.strip()[-300:]}") from None


def fetch_json(url, **params):
    return json.loads(fetch(url, **params))


def answers(url):
    try:
        fetch(url)
        return True
    except (OSError, RuntimeError):
        return False


class Daemon:
    """A program that runs until stop().  what: for messages."""

    def __init__(self, what):
        self.what, self.dir, self.processes = what, folder(f"procman-{what}-"), []

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def run(self, *command, **env):
        """Starts a program; what it says goes to a file."""
        with open(self.path("log"), "a", encoding="utf-8") as log:
            self.processes.append(subprocess.Popen(
                command, cwd=self.dir, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, **env}))

    def wait(self, url):
        try:
            wait_for(self.what, lambda: answers(url) or self.has_ended())
            assert not self.has_ended(), self.said()
        except AssertionError:
            self.stop()
            raise

    def has_ended(self):
        return any(p.poll() is not None for p in self.processes)

    def said(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as f:
            return f"{self.what}: " + f.read()[-3000:]

    def stop(self):
        for p in self.processes:
            p.send_signal(signal.SIGTERM)
        for p in self.processes:
            try:
                p.wait(timeout=30)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
