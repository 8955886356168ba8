"""A Debian on which collectd is installed, with and without systemd: how its
collectd is started there, and what runs."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from chroot import Chroot, in_clean, run
from container import Container
from harness import wait_for


class Machine:
    """What both have; run, ask and inside are the place's own."""

    def loads_module(self):
        """The collectd that runs has it in its memory: the file that is there now."""
        pid = self.collectd()
        if not pid:
            return False
        with open(self.inside(f"/proc/{pid}/maps"), encoding="utf-8") as f:
            return any(line.endswith("/usr/lib/collectd/procman.so\n") for line in f)

    def install(self, *what, options=()):
        return self.run("apt-get", "install", "-y", "--no-install-recommends",
                        "-o", "Dpkg::Options::=--force-confold", *options, *what)

    def ctl(self, *args):
        return self.run("procmanctl", *args)

    def answers(self):
        return self.ask("procmanctl", "system")[0] == 0

    def is_alive(self, pid):
        return os.path.exists(self.inside(f"/proc/{pid}"))

    def programs(self):
        """(pid, program) of all that runs.  In a chroot the kernel tells paths as this
        machine has them."""
        for pid in filter(str.isdigit, os.listdir(self.inside("/proc"))):
            try:
                program = os.readlink(self.inside(f"/proc/{pid}/exe"))
            except OSError:
                continue
            yield int(pid), program.removeprefix(self.root)

    def command_lines(self):
        """(pid, command line) of all that runs."""
        for pid in filter(str.isdigit, os.listdir(self.inside("/proc"))):
            try:
                yield int(pid), self.read(f"/proc/{pid}/cmdline").replace("\0", " ")
            except (OSError, UnicodeDecodeError):
                continue

    def read(self, path):
        with open(self.inside(path), encoding="utf-8") as f:
            return f.read()

    def write(self, path, text):
        with open(self.inside(path), "w", encoding="utf-8") as f:
            f.write(text)


class Booted(Machine, Container):
    name = "systemd"

    def begin(self):
        """collectd is started by the boot."""
        wait_for("collectd", self.collectd)

    def ask(self, *args, timeout=600):
        return run(["nsenter", "-t", str(self.init), "-m", "-u", "-i", "-n", "-p", "-C",
                    *in_clean(args)], check=False, timeout=timeout)

    def run(self, *args, check=True, timeout=600):
        status, said = self.ask(*args, timeout=timeout)
        assert not check or status == 0, f"{args}: {status}\n{said[-6000:]}"
        return said

    def collectd(self):
        return int(self.run("systemctl", "show", "--value", "-p", "MainPID", "collectd"))

    def service(self, action):
        """Also often: a unit that is started six times in ten seconds fails."""
        self.run("systemctl", "reset-failed", "collectd")
        self.run("systemctl", action, "collectd")

    def is_stopped(self):
        return self.ask("systemctl", "is-active", "collectd")[1].strip() == "inactive"


class Plain(Machine, Chroot):
    name = "chroot"

    def begin(self):
        """A runlevel, as sysvinit has one: without, invoke-rc.d(8) restarts nothing."""
        helper = self.outside("/usr/sbin/runlevel")
        os.unlink(helper)
        with open(helper, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\necho N 2\n")
        os.chmod(helper, 0o755)
        self.service("start")

    def collectd(self):
        """The pid file is that of collectdmon, which starts it."""
        return next((pid for pid, program in self.programs()
                     if program == "/usr/sbin/collectd"), 0)

    def service(self, action):
        self.run("/etc/init.d/collectd", action)
        if action == "stop":
            wait_for("the end of collectd", self.is_stopped)
        else:
            wait_for("collectd", self.collectd)

    def is_stopped(self):
        return not self.collectd()
