"""The life of the packages on a machine, from apt-get install to purge, with jobs
running: each step checks, and returns what it has shown."""
import glob
import os
import re

from harness import wait_for
from traces import GROUP, files, left, lines_but_group

LINK = "/etc/collectd/collectd.conf.d/procman.conf"
CONF = "/etc/collectd/procman.conf"
SOCKET = "/run/procman/control.sock"
STOP = "/var/tmp/stop"
# With a child that is as deaf.
DEAF = "trap '' TERM; sh -c 'while :; do sleep 1; done' & while :; do sleep 1; done"
# numbers, from 1 on, until it is told to stop; then how many
PRINT = f"""n=0
until [ -e {STOP} ]; do
    n=$((n + 1)); echo "line $n"
    [ $((n % 200)) -ne 0 ] || sleep 0.01
done
echo $n >{STOP}"""


class Life:
    def __init__(self, machine, first, second):
        """first and second: the packages of a version and of the next one, where the
        machine sees them."""
        self.m, self.first, self.second = machine, first, second
        self.before = self.groups = self.pid = None

    def steps(self):
        return (self.install, self.enable, self.use, self.upgrade, self.upgrade_stopped,
                self.remove, self.install_again, self.keep_own_line, self.purge)

    # ---- helpers ----

    def restart(self):
        self.m.service("restart")
        wait_for("the socket", self.m.answers)

    def start_job(self, name, *command, options=()):
        """Its pid, as the machine counts."""
        self.m.ctl("start", "-q", "-n", name, "-C", "/", *options, "--", *command)
        return self.pid_of(name)

    def pid_of(self, name):
        found = re.search(r'"pid":(\d+)', self.m.ctl("-o", "json", "status", name))
        return int(found[1]) if found else 0

    def read_commands(self):
        """The first that README.Debian shows."""
        text = self.m.read("/usr/share/doc/collectd-procman/README.Debian")
        return re.search(r"\n\n((?:    .+\n)+)\n", text)[1].split("\n    ")

    def turn_on(self):
        """As README.Debian says, with its words."""
        link, restart = (c.strip() for c in self.read_commands())
        self.m.run(*link.split())
        assert restart == "systemctl restart collectd", restart
        text = self.m.read(CONF)
        opened = re.sub(r"^  #(</?Control>)$", r"  \1", text, flags=re.M)
        self.m.write(CONF, opened)
        self.restart()
        assert self.m.loads_module()

    # ---- steps, in their order ----

    def install(self):
        m = self.m
        self.before = files(m.root)
        self.groups = {path: m.read(path) for path in GROUP}
        pid = m.collectd()
        assert pid, "collectd does not run"
        m.install(*self.first)
        m.install("--reinstall", *self.first)
        assert m.collectd() == pid and not m.loads_module(), "collectd was touched"
        assert not os.path.lexists(m.inside(LINK))
        assert os.stat(m.inside("/run/procman")).st_mode & 0o7777 == 0o755
        return "installed, and again: collectd runs on, without the module"

    def enable(self):
        m = self.m
        self.turn_on()
        s = os.stat(m.inside(SOCKET))
        gid = int(m.run("getent", "group", "procman").split(":")[2])
        assert (s.st_uid, s.st_gid, s.st_mode & 0o777) == (0, gid, 0o660), s
        values = m.inside("/var/tmp/values/host/")
        wait_for("values", lambda: glob.glob(values + "procman_system/percent-cpu*")
                 and glob.glob(values + "procman-*/ps_count*"))
        with_values = sorted(os.listdir(values))
        return f"enabled by README.Debian's commands: values of {len(with_values)} instances"

    def use(self):
        m = self.m
        m.run("usermod", "-aG", "procman", "member")
        for user in ("root", "member"):
            said = m.run("runuser", "-u", user, "--", "procmanctl", "-o", "json", "list")
            assert '"pid":1,' in said, said[:400]
        status, said = m.ask("runuser", "-u", "stranger", "--", "procmanctl", "list")
        assert status != 0 and "ermission" in said, (status, said)
        status, said = m.ask("runuser", "-u", "member", "--", "procmanctl", "start", "true")
        assert status != 0 and "denied" in said.lower(), (status, said)
        m.ctl("start", "-q", "-n", "short", "-C", "/", "--", "sh", "-c", "echo said; exit 3")
        assert m.ask("procmanctl", "wait", "short")[0] == 3
        assert "said" in m.ctl("logs", "short")
        m.ctl("rm", "short")
        m.run("python3", "-c", "import procman")
        return "root and a member of the group are answered, others are not; a job and its log"

    def upgrade(self):
        """While a job prints."""
        m = self.m
        job, old = self.start_job("printer", "sh", "-c", PRINT), m.collectd()
        m.install(*self.second)
        wait_for("the socket", m.answers)
        assert m.collectd() != old and m.loads_module(), "not the new module"
        assert "<Control>" in re.findall(r"^  <Control>$", m.read(CONF), re.M)[0]
        wait_for("the job", lambda: self.pid_of("printer") == job)
        assert m.is_alive(job)
        m.write(STOP, "")
        assert m.ask("procmanctl", "wait", "printer")[0] == 0
        count = int(m.read(STOP))
        got = "".join(self.log_of("printer"))
        assert got == "".join(f"line {n}\n" for n in range(1, count + 1)), \
            f"{got.count(chr(10))} lines of {count}"
        m.ctl("rm", "printer")
        return f"upgraded: the new module runs; a job went on, none of its {count} lines is lost"

    def log_of(self, name):
        for place in sorted(glob.glob(self.m.inside(f"/var/log/procman/0/{name}-*/out.*"))):
            if not place.endswith(".index"):
                with open(place, encoding="utf-8") as f:
                    yield f.read()

    def upgrade_stopped(self):
        self.m.service("stop")
        self.m.install("--reinstall", *self.second)
        assert self.m.is_stopped(), "collectd was started"
        self.m.service("start")
        wait_for("the socket", self.m.answers)
        return "upgraded while collectd was stopped: it stays so"

    def remove(self):
        m = self.m
        self.pid = self.start_job("sleeper", "sleep", "100000")
        old = m.collectd()
        m.run("apt-get", "remove", "-y", "collectd-procman")
        assert not os.path.lexists(m.inside(LINK)), "the link is still there"
        wait_for("a new collectd", lambda: m.collectd() not in (0, old))
        assert not m.loads_module() and m.is_alive(self.pid)
        m.service("restart")
        wait_for("collectd", m.collectd)
        return "removed: collectd runs without the module, and starts; a job goes on"

    def install_again(self):
        m = self.m
        m.install(*self.second)
        assert not os.path.lexists(m.inside(LINK)) and not m.loads_module()
        self.turn_on()
        wait_for("the job", lambda: self.pid_of("sleeper") == self.pid)
        return "installed again: not loaded; enabled, and the job is found"

    def keep_own_line(self):
        """A LoadPlugin that the administrator has written."""
        m, own = self.m, "/etc/collectd/collectd.conf.d/own.conf"
        os.unlink(m.inside(LINK))
        m.write(own, "LoadPlugin procman\n")
        said = m.run("apt-get", "remove", "-y", "collectd-procman")
        assert f"removed from {own}" in said, said
        assert os.path.exists(m.inside(own)) and m.collectd(), "collectd was ended"
        os.unlink(m.inside(own))
        m.service("restart")
        m.install(*self.second)
        self.turn_on()
        wait_for("the job", lambda: self.pid_of("sleeper") == self.pid)
        return "a LoadPlugin line of the administrator's: left, and told by the removal"

    def start_stubborn(self):
        """Those that neither end by themselves nor by TERM, nor soon; the holder of one
        is another than it was started by, the first process of another has ended."""
        m, options = self.m, ("--stop-timeout", "3600")
        self.start_job("deaf", "sh", "-c", DEAF, options=options)
        self.start_job("adopted", "sh", "-c", DEAF, options=options)
        self.start_job("left", "sh", "-c", f"({DEAF}) & sleep 1", options=options)
        holder = self.holder_of("adopted")
        m.run("kill", "-9", str(holder))
        wait_for("another holder", lambda: self.holder_of("adopted") not in (0, holder))
        wait_for("its first process to end", lambda: not self.pid_of("left"))

    def holder_of(self, name):
        """By the folder of the job, which is its argument."""
        found = [pid for pid, line in self.m.command_lines()
                 if "procman-keep" in line and f"/jobs/{name}-" in line]
        return found[0] if found else 0

    def purge(self):
        m = self.m
        self.start_stubborn()
        m.run("apt-get", "purge", "-y", "collectd-procman", "procman-client")
        assert not m.is_alive(self.pid), "the job lives"
        alive = [line for _, line in m.command_lines() if "do sleep 1" in line]
        assert not alive, alive
        ours = [p for p in m.programs() if "procman" in p[1]]
        assert not ours, f"still running: {ours}"
        for place in ("/run/procman", "/var/log/procman", "/usr/libexec/procman"):
            assert not os.path.lexists(m.inside(place)), f"{place} is left"
        found = left(self.before, files(m.root))
        assert not found, f"left, or not as before: {found}"
        for path, text in self.groups.items():
            assert lines_but_group(m.read(path)) == lines_but_group(text), path
        m.service("restart")
        wait_for("collectd", m.collectd)
        return "purged with a job running, and three that are deaf to TERM: of " \
               f"{len(self.before)} paths none is new, gone or changed, but the group's; " \
               "no process; collectd starts"
