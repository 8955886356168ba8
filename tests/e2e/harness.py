"""A real collectd with our module, everything in a temporary folder."""
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

# What is made here is read by collectds and peers that are somebody else.
os.umask(0o022)


def more_descriptors():
    """A shell's usual 1024 are too few for some tests.  True: there are some
    above 1023, where the module has its own."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    soft = 16384 if most == resource.RLIM_INFINITY else min(16384, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))
    return soft > 1100


HIGH = more_descriptors()

SRC = os.path.abspath(os.environ.get("PM_SRC", "."))
BUILD = os.path.abspath(os.environ.get("PM_BUILD", "build"))
COLLECTD = os.environ.get("COLLECTD") or "/usr/sbin/collectd"


def stock_modules():
    """Where the daemon's own modules are: not where ours will be installed."""
    said = subprocess.run([COLLECTD, "-h"], capture_output=True, text=True,
                          check=False).stdout
    return re.search(r"^ *Plugin directory +(\S+)", said, re.M)[1]


def skip(reason):
    """Exit as automake's 'skipped'; an error where nothing may be skipped."""
    print(f"SKIP: {reason}", file=sys.stderr)
    sys.exit(99 if os.environ.get("PM_STRICT") == "1" else 77)


def samplers():
    """Those that work on this machine; to lack one is an error where nothing
    may be skipped."""
    c = Collectd('  Sampler "bpf"')
    try:
        status, said = c.once()
    finally:
        c.__exit__(None, None, None)
    if status == 0:
        return ["bpf", "proc"]
    print(f"without bpf: {said}", file=sys.stderr)
    assert os.environ.get("PM_STRICT") != "1", "bpf must work here"
    return ["proc"]


# A busy machine may be this slow.  The helper is asked again a minute after it
# was too slow to tell a command line.
PATIENCE = 150

# A collectd that is held up stops after far longer: its own waits begin with
# ten seconds, those of the traps of these tests with a minute.
STOPPED = 8


def wait_for(what, check, seconds=PATIENCE):
    """The first true result of check(), asked until the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = check()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


# GETVAL prints seven digits
def near(what, have, want, relative=1e-6, absolute=0.0):
    room = max(abs(want) * relative, absolute)
    assert abs(have - want) <= room, f"{what}: {have} is not {want} ± {room}"
    print(f"  {what}: {have:g} (independently {want:g})")


def near_once(what, have, want, relative=1e-6, absolute=0.0):
    """The same of what others move, too: asked again until it holds, as what
    is wrong is wrong every time."""
    end = time.monotonic() + PATIENCE
    while True:
        a, b = have(), want()
        if abs(a - b) <= max(abs(b) * relative, absolute) or time.monotonic() > end:
            near(what, a, b, relative, absolute)
            return
        time.sleep(0.05)


def idle_uids(count):
    """Of nobody who has a process.  Another run at the same time finds others."""
    found, first = set(), 54400 + os.getpid() % 5000
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found.add(os.stat(f"/proc/{pid}").st_uid)
        except OSError:
            pass
    return [uid for uid in range(first, first + 1000) if uid not in found][:count]


def folder(prefix):
    """A new one that everybody may enter, to run programs in."""
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if others_may_enter(place) and not os.statvfs(place).f_flag & os.ST_NOEXEC:
            break
    made = tempfile.mkdtemp(prefix=prefix, dir=place)
    os.chmod(made, 0o755)
    return made


def others_may_enter(path):
    above = os.path.dirname(path)
    return os.stat(path).st_mode & 1 and (above == path or others_may_enter(above))


def kernel():
    """Its version: (6, 12)."""
    return tuple(int(n) for n in re.findall(r"\d+", os.uname().release)[:2])


def sees_all():
    """In the initial pid namespace: elsewhere nobody sees exits, nor all processes."""
    return os.stat("/proc/self/ns/pid").st_ino == 0xEFFFFFFC  # PROC_PID_INIT_INO


def proc_hides():
    """Processes from who may not read them: hidepid of proc(5)."""
    with open("/proc/self/mounts", encoding="utf-8") as f:
        return any(line.split()[1] == "/proc" and "hidepid=" in line for line in f)


def in_a_chroot():
    """There "/" is in general no mount, so that its propagation cannot be changed,
    and nobody makes a user namespace (user_namespaces(7))."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return all(line.split()[4] != "/" for line in f)


class Collectd:
    """with Collectd(options) as c: …   Values by c.get("plugin/type")."""

    def __init__(self, options="", interval=1, plugins=("unixsock", "csv"), extra="",
                 prefix=()):
        self.dir = folder("procman-e2e-")
        self.options, self.interval = options, interval
        self.plugins, self.extra, self.prefix = plugins, extra, list(prefix)
        self.process = None
        self.conf = os.path.join(self.dir, "collectd.conf")
        self.log = os.path.join(self.dir, "collectd.log")
        self.write()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self):
        modules = self.path("plugins")
        os.makedirs(modules, exist_ok=True)
        shutil.copy(os.path.join(BUILD, ".libs", "procman.so"), modules)
        # whoever collectd runs as may not look into the folder of the build
        self.helper = self.path("procman-hold")
        shutil.copy(os.path.join(BUILD, "procman-hold"), self.helper)
        self.keep = self.path("procman-keep")
        shutil.copy(os.path.join(BUILD, "procman-keep"), self.keep)
        for name in ("logfile",) + tuple(self.plugins):
            shutil.copy(os.path.join(stock_modules(), name + ".so"), modules)
        loads = "".join(f"LoadPlugin {n}\n" for n in self.plugins)
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"""BaseDir "{self.dir}"
PIDFile "{self.dir}/pid"
PluginDir "{modules}"
Hostname "host"
Interval {self.interval}
# values arrive in the order in which they are sent: see intervals()
WriteThreads 1
LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File "stderr"
</Plugin>
{loads}
<Plugin unixsock>
  SocketFile "{self.dir}/sock"
  DeleteSocket true
</Plugin>
<Plugin csv>
  DataDir "{self.dir}/csv"
</Plugin>
LoadPlugin procman
<Plugin procman>
  Helper "{self.helper}"
{self.options}
  StateDir "{self.dir}/state"
</Plugin>
{self.extra}
""")

    def command(self, *args):
        return self.prefix + [COLLECTD, *args, "-C", self.conf]

    def once(self):
        """collectd -T: (exit status, what it said)."""
        p = subprocess.run(self.command("-T"), capture_output=True, text=True,
                           timeout=PATIENCE, check=False)
        return p.returncode, p.stdout + p.stderr

    def said(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def __enter__(self):
        # which takes no descriptor: there may be none
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command("-f"), stderr=log)
        wait_for("collectd", lambda: "entering read-loop" in self.said()
                 or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()
        return self

    def leader(self):
        """collectd itself, behind what was put in front of it."""
        pid = self.process.pid
        with open(f"/proc/{pid}/comm", encoding="ascii") as f:
            if f.read() != "unshare\n":
                return pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return int((f.read().split() or [pid])[0])

    def stop(self):
        """Seconds that it took to end on SIGTERM."""
        start = time.monotonic()
        os.kill(self.leader(), signal.SIGTERM)
        self.process.wait(timeout=PATIENCE)
        return time.monotonic() - start

    def __exit__(self, kind, value, trace):
        if self.process and self.process.poll() is None:
            self.stop()
        if kind:
            print("".join(self.said().splitlines(True)[-20:]), file=sys.stderr)
        shutil.rmtree(self.dir, ignore_errors=True)

    def connected(self):
        """A connection to unixsock, whose thread may come after the first reads."""
        return wait_for("unixsock", self.connect)

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(PATIENCE)
        try:
            s.connect(self.path("sock"))
        except (FileNotFoundError, ConnectionRefusedError):
            s.close()
            assert self.process.poll() is None, self.said()
            return None
        return s

    def ask(self, line, connection=None):
        with connection.dup() if connection else self.connected() as s:
            s.sendall(line.encode() + b"\n")
            f = s.makefile("r", encoding="utf-8", errors="replace")
            count = int(f.readline().split()[0])
            return [f.readline().rstrip("\n") for _ in range(max(count, 0))]

    def names(self):
        """Everything collectd knows, as "plugin/type"."""
        return {line.split(" ", 1)[1].split("/", 1)[1]
                for line in self.ask("LISTVAL")}

    def get(self, name):
        """The last value or rate of each data source, or None."""
        lines = self.ask(f'GETVAL "host/{name}"')
        return {k: float(v) for k, v in (l.split("=") for l in lines)} or None

    def value(self, name):
        values = self.get(name)
        return next(iter(values.values())) if values else None

    def intervals(self, count):
        """Waits for so many more closes, told by the stamps of the series that
        is sent last: all others have arrived then, and csv has them."""
        for _ in range(count):
            stamp = self.stamp()
            wait_for("the next interval", lambda s=stamp: self.stamp() > s)

    def stamp(self, connection=None):
        for line in self.ask("LISTVAL", connection):
            when, name = line.split(" ", 1)
            if name == "host/procman_self/total_events-skipped":
                return float(when)
        return 0.0


def written(c, name):
    """What csv wrote of a series: (names of the columns, rows of numbers).
    unixsock hands out rates; here are the counters themselves."""
    folder, kind = c.path("csv/host/" + name).rsplit("/", 1)
    header, rows = [], []
    for file in sorted(f for f in os.listdir(folder) if f.startswith(kind + "-20")):
        with open(os.path.join(folder, file), encoding="ascii") as f:
            header = f.readline().strip().split(",")
            rows += [[float(n) for n in line.split(",")] for line in f]
    return header, rows


def total(c, name, source):
    header, rows = written(c, name)
    return rows[-1][header.index(source)]


def groups(c):
    """The groups that csv knows, as plugin and its instance."""
    return [g for g in os.listdir(c.path("csv/host")) if g.startswith("procman-") and
            any(f.startswith("ps_cputime-") for f in os.listdir(c.path("csv/host/" + g)))]


def last_of(rows, stamp):
    """The sum of the last row that is no younger: 0 if there is none."""
    return sum(([[0, 0]] + [row for row in rows if row[0] <= stamp])[-1][1:])


def check_books(c):
    """All groups, and what nobody was charged for, make the machine's CPU: up
    to the last close of which everything is written, as the next may be under
    way."""
    cpus, busy = os.cpu_count(), 0
    stamps = [row[0] for row in written(c, "procman_self/total_events-skipped")[1]]
    percents = dict(written(c, "procman_system/percent-cpu")[1])
    for before, now in zip(stamps, stamps[1:]):
        busy += percents[now] / 100 * cpus * (now - before)
    charged = sum(last_of(written(c, g + "/ps_cputime")[1], stamps[-1])
                  for g in groups(c)) / 1e6
    surplus = last_of(written(c, "procman_self/gauge-surplus_seconds")[1], stamps[-1])
    near("CPU seconds of all groups", charged - surplus, busy, relative=0.01,
         absolute=0.1)


def series_def():
    """(scope, level, type, instance, line) of every line of series.def."""
    text = open(os.path.join(SRC, "plugin", "series.def"),
                encoding="utf-8").read()
    line = re.compile(r'^PM_SERIES\((\w+), (\w+), (\w+), "(\w+)", ("(\w*)"|NULL)',
                      re.M)
    return [(m[1], m[2], m[4], m[6], m[0]) for m in line.finditer(text)]
