"""Programs to be seen: with odd names, some that eat something, those that
crash, one that the OOM killer ends, one that ends by itself."""
import contextlib
import os
import shutil
import signal
import subprocess

# What a process calls itself, and what procman makes of it.
ODD = {
    "php8.2-fpm": "php8.2-fpm",
    'a b;c{d="e"}': "a_b_c_d__e__",
    "größe": "grose",
    "..": "p..",
    "ends.in.": "ends.in.",
    "_x": "p_x",
    "job@y": "pjob@y",
    "longer-than-fifteen-bytes": "longer-than-fifteen-bytes",
}

# Programs that have children which die, and what is counted then.
EVENTS = (("crasher", "exit_signal"), ("failer", "exit_error"), ("swallower", "oom"))

# What they all begin with: comm, and from standard input, so that no argument
# is in the way of a name.
BEGIN = """
import os, time
with open("/proc/self/comm", "w") as comm:
    comm.write({name!r}.decode(errors="ignore"))
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
"""

# share of one CPU, MiB of memory
EAT = """
heap = os.urandom(4096) * (256 * {mib})
while True:
    burn({share} / 10)
    time.sleep((1 - {share}) / 10)
"""

IDLE = "heap = os.urandom(4096) * (256 * {mib})\ntime.sleep(3600)\n"

# A parent with children that live for some milliseconds.
SHORT = """
while True:
    if os.fork() == 0:
        burn(0.005)
        os._exit(0)
    os.wait()
    time.sleep(0.05)
"""

# Reads and writes a file, with the disk.
WRITE = """
with open("written", "w+b", buffering=0) as f:
    while True:
        f.seek(0)
        f.write(os.urandom(65536))
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        f.seek(0)
        f.read()
        time.sleep(0.2)
"""

# Lives until it is told by USR1 to have a child that dies, and how.
DIES = """
import resource, signal
def have_a_child(*_):
    if os.fork() == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        {how}
    os.wait()
signal.signal(signal.SIGUSR1, have_a_child)
heap = os.urandom(4096) * (256 * 56)
while True:
    burn(0.005)
    time.sleep(0.3)
"""
CRASH = "os.kill(os.getpid(), signal.SIGSEGV)"
FAIL = "os._exit(3)"
SWALLOW = """
        with open({group!r} + "/cgroup.procs", "w") as group:
            group.write(str(os.getpid()))
        more = b""
        while True:
            more += b"x" * 2**20
"""

MEMORY = "/sys/fs/cgroup/memory"


class Workload:
    """with Workload(folder) as w: …"""

    def __init__(self, place):
        self.place, self.children = place, []
        self.groups, self.fragile = contextlib.ExitStack(), []
        # neither its name nor its path is that of an interpreter
        self.image = os.path.join(place, "image")
        shutil.copy(os.path.realpath("/usr/bin/python3"), self.image)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.kill()
            child.wait()
        self.groups.close()

    def start(self, name, code):
        child = subprocess.Popen(
            [name], executable=self.image, stdin=subprocess.PIPE, cwd=self.place,
            env={"PYTHONHOME": "/usr", "PATH": os.environ["PATH"]})
        child.stdin.write((BEGIN.format(name=name.encode()[:15]) + code).encode())
        child.stdin.close()
        self.children.append(child)
        return child

    def eat(self, name, share=0.02, mib=56):
        return self.start(name, EAT.format(share=share, mib=mib))

    def everyday(self):
        for name in ODD:
            self.eat(name)
        self.eat("hungry", share=0.25, mib=56)
        self.eat("fat", share=0.02, mib=200)
        self.start("short", SHORT)
        self.start("writer", WRITE)
        self.ends = self.eat("ends")
        self.group = self.groups.enter_context(memory_group("procman-pipelines", 96 << 20))
        for (name, _), how in zip(EVENTS, (CRASH, FAIL, SWALLOW.format(group=self.group))):
            self.fragile.append(self.start(name, DIES.format(how=how)))

    def break_things(self):
        """A crash, a failure, and a death for lack of memory: one each."""
        for child in self.fragile:
            child.send_signal(signal.SIGUSR1)

    def crowd(self, count, mib):
        """Programs that take the places of smaller ones."""
        self.big = [self.start(f"big{number}", IDLE.format(mib=mib))
                    for number in range(count)]

    def disperse(self):
        for child in self.big:
            child.kill()


@contextlib.contextmanager
def memory_group(name, most):
    """The folder of a control group with so many bytes; version 1 or 2."""
    one = os.path.isdir(MEMORY)
    top = os.path.join(MEMORY if one else "/sys/fs/cgroup", f"{name}-{os.getpid()}")
    os.mkdir(top)
    try:
        with open(os.path.join(top, "memory.limit_in_bytes" if one else "memory.max"), "w",
                  encoding="ascii") as f:
            f.write(str(most))
        yield top
    finally:
        os.rmdir(top)
