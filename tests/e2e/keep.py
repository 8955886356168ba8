"""A job in a temporary folder, and its holder, started and killed at will."""
import atexit
import ctypes
import glob
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time

from harness import folder

# waits in a shell for Job.go()
GO = "while [ ! -e @TOP@/go ]; do sleep 0.01; done"
SRC = os.path.abspath(os.environ.get("PM_SRC", "."))
BUILD = os.path.abspath(os.environ.get("PM_BUILD", "build"))
KEEP = os.path.join(BUILD, "procman-keep")
TOOLS = os.path.join(BUILD, "tests", "e2e")
PATIENCE = float(os.environ.get("PM_PATIENCE", "60"))
RECORD = struct.Struct("=HHIIIQQII")
RECOVERED, PARTIAL, DROPPED = 1, 2, 4


def open_tool(name):
    """A copy of it that every user may execute: the build may be closed to them."""
    place = folder("procman-tool-")
    atexit.register(shutil.rmtree, place)
    return shutil.copy(os.path.join(TOOLS, name), place)


def wait_for(what, check, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = check()
        if result:
            return result
        time.sleep(0.002)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def become_subreaper():
    """What a dead holder leaves is ours to reap, as a service manager's."""
    if ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) != 0:
        raise OSError("PR_SET_CHILD_SUBREAPER")


def reap(spare=()):
    """Orphans that have ended, and no child that somebody waits for."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as f:
        children = [int(pid) for pid in f.read().split()]
    for pid in children:
        if pid in spare:
            continue
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass


def cgroup_top():
    """Where cgroup2 is mounted, if procman may make groups there; or None."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        rows = [line.split() for line in f]
    found = [row[4] for row in rows if row[row.index("-") + 1] == "cgroup2" and "rw" in row[5].split(",")]
    return found[0] if found and not os.path.exists("/run/systemd/system") else None


class Job:
    """with Job(["cmd"], key=value…) as j; idle read ends are kept as systemd or
    procman-hold fdstore does.  @TOP@ in the command is its temporary folder,
    where it may wait for what go() makes."""
    count = 0

    def __init__(self, command, at=None, idle=True, **keys):
        Job.count += 1
        self.top = tempfile.mkdtemp(prefix="procman-keep-", dir=at)
        os.chmod(self.top, 0o755)
        self.jobs, self.logs = (os.path.join(self.top, n) for n in ("jobs", "log"))
        os.mkdir(self.jobs, 0o755)
        os.mkdir(self.logs, 0o755)
        self.id = f"job-{Job.count}"
        self.folder = os.path.join(self.jobs, self.id)
        uid = keys.get("uid", os.geteuid())
        self.leaf = os.path.join(self.logs, str(uid), self.id)
        args = [f"{k}={one}" for k, v in keys.items()
                for one in (v if isinstance(v, list) else [v])]
        subprocess.run([f"{TOOLS}/job", "make", self.jobs, self.logs, self.id,
                        *args, "--", *(word.replace("@TOP@", self.top) for word in command)], check=True)
        self.idle = [os.open(os.path.join(self.folder, n), os.O_RDONLY | os.O_NONBLOCK)
                     for n in ("out", "err")] if idle else []
        self.holder = None

    def __enter__(self):
        return self

    def __exit__(self, failed=None, *unused):
        alive = self.holder and self.holder.poll() is None
        if alive:
            self.kill()
        if alive or failed:
            self.sweep()
        for fd in self.idle:
            os.close(fd)
        reap()
        if os.path.islink(os.path.join(self.folder, "group")):  # with all who are left in it
            subprocess.run([f"{TOOLS}/job", "remove", self.jobs, self.id], check=True)
        shutil.rmtree(self.top, ignore_errors=True)

    def sweep(self):
        """Whoever has a stream of the job open."""
        for path in glob.glob("/proc/[0-9]*/fd/[12]"):
            try:
                if os.readlink(path).startswith(self.folder + "/"):
                    os.kill(int(path.split("/")[2]), signal.SIGKILL)
            except OSError:
                pass

    def go(self, what="go"):
        with open(os.path.join(self.top, what), "w", encoding="ascii"):
            pass

    def start(self, *before):
        self.holder = subprocess.Popen([*before, KEEP, self.folder], close_fds=True)
        return self

    def kill(self):
        self.holder.kill()
        self.holder.wait()

    def end(self, seconds=PATIENCE):
        """Its status; who was its workload is reaped meanwhile."""
        def ended():
            reap([self.holder.pid])
            return self.holder.poll() is not None
        wait_for("the holder's end", ended, seconds)
        return self.holder.returncode

    def run(self):
        """To its end, with as many holders as it takes."""
        self.start()
        assert self.end() == 0, f"the holder ended with {self.holder.returncode}"
        return self.show()

    def tool(self, *args):
        return subprocess.run([f"{TOOLS}/job", args[0], self.folder, *map(str, args[1:])],
                              stdout=subprocess.PIPE, text=True, check=False).stdout

    def show(self):
        return dict(word.partition("=")[::2] for word in self.tool("show").split())

    def ask(self, *args):
        said = self.tool("ask", *args)
        found = re.search(r"^error=(\d+)$", said, re.M)  # none: the holder has died
        return int(found[1]) if found else -1

    def reaches(self, state, seconds=PATIENCE):
        def check():
            reap([self.holder.pid])
            now = self.show()
            return now if now["state"] == state else None
        return wait_for(f"{state}, it is {self.show()}", check, seconds)

    # ---- its log

    def segments(self, stream):
        found = glob.glob(f"{glob.escape(self.leaf)}/{stream}.*[0-9]")
        return sorted(found, key=lambda p: int(p.rpartition(".")[2]))

    def log(self, stream="out"):
        parts = []
        for path in self.segments(stream):
            with open(path, "rb") as f:
                parts.append(f.read())
        return parts

    def text(self, stream="out"):
        return b"".join(self.log(stream))

    def index(self, path):
        with open(path + ".index", "rb") as f:
            data = f.read()
        assert len(data) % RECORD.size == 0, f"a torn index of {len(data)} bytes"
        return [RECORD.unpack_from(data, at)[5:]
                for at in range(0, len(data), RECORD.size)]

    def check_index(self):
        """Every byte is covered once, in order; returns all flags."""
        flags = 0
        for path in self.segments("out") + self.segments("err"):
            at, last = 0, 0
            for offset, real, length, flag in self.index(path):
                assert offset == at, f"{path}: {offset} after {at}"
                assert real >= last, f"{path}: back in time"
                at, last, flags = at + length, real, flags | flag
            assert at == os.path.getsize(path), f"{path}: {at} of {os.path.getsize(path)} bytes"
        return flags
