"""A Debian without an init system: a folder to which the root was changed, with
mounts and processes of its own that end with it."""
import os
import shutil
import subprocess
import tempfile

CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
         "DEBIAN_FRONTEND": "noninteractive"}
# /sys without control groups: those are this machine's.  The shell waits for
# whoever has lost its parent, as init does.
ENTER = """set -e
mount -t proc proc "$0/proc"
mount -t sysfs -o ro sysfs "$0/sys"
mount --rbind /dev "$0/dev"
mount -t tmpfs -o mode=755 tmpfs "$0/run"
exec chroot "$0" /bin/sh -c 'echo ready; sleep infinity & wait'
"""


def in_clean(args):
    return ["env", "-i", *(f"{k}={v}" for k, v in CLEAN.items()), *args]


def run(command, check=True, timeout=600):
    """(status, what it said).  Daemons that it leaves may have its output open."""
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said,
                           stderr=subprocess.STDOUT, timeout=timeout, check=False)
        said.seek(0)
        text = said.read()
    assert not check or p.returncode == 0, f"{command}: {p.returncode}\n{text[-6000:]}"
    return p.returncode, text


def copy(root, place):
    """Of a Debian, that can install packages as this machine does."""
    run(["cp", "-a", "--reflink=auto", "--one-file-system", root, place])
    shutil.copy("/etc/resolv.conf", os.path.join(place, "etc"))
    settings = run(["apt-config", "dump", "--format", '%F "%v";%n', "Acquire"])[1]
    with open(os.path.join(place, "etc/apt/apt.conf.d/00host"), "w", encoding="utf-8") as f:
        f.write(settings)
    return place


class Chroot:
    def __init__(self, root):
        self.root = root
        self.outer = self.init = None

    def __enter__(self):
        self.outer = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER,
             self.root], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            env=CLEAN)
        assert self.outer.stdout.readline() == "ready\n", f"no chroot in {self.root}"
        pid = self.outer.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            self.init = int(f.read().split()[0])
        return self

    def __exit__(self, *_):
        self.outer.kill()
        self.outer.wait()
        self.outer.stdout.close()

    def outside(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def inside(self, path):
        return f"/proc/{self.init}/root{path}"

    def ask(self, *args, timeout=600):
        return run(["nsenter", "-t", str(self.init), "-m", "-p", "-r", "-w", *in_clean(args)],
                   check=False, timeout=timeout)

    def run(self, *args, timeout=600):
        status, said = self.ask(*args, timeout=timeout)
        assert status == 0, f"{args}: {status}\n{said[-6000:]}"
        return said
