#!/usr/bin/python3
"""Types each command of the README and of docs/ on a fresh Debian with systemd, where
the packages are installed, as a new user would.
    check.py TARBALL [PAGE…]
PM_DEBIAN_ROOT: a folder that debootstrap has made, with systemd and dbus; it is
copied, and stays as it is (HACKING.md).  What came out is in docs-PAGE.log."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "package"), os.path.join(HERE, "..", "e2e")]
from build import Builder
from chroot import Chroot, copy, run
from harness import skip
from machines import Booted
from pages import blocks, pages

SRC = os.path.abspath(os.environ.get("PM_SRC", "."))
ROOT = os.environ.get("PM_DEBIAN_ROOT", "")
DEBS, SOURCES = "/var/tmp/debs", "/root/procman"
LONGEST = 900  # seconds a block: some install a database

# The shell goes on from block to block: what one has set, the next may use.
TYPE = """set -e
exec 2>&1
cd {where}
{text}
"""

# One terminal is left to it; in the other one goes on when it is ready.
BACKGROUND = """({text}) >/var/tmp/background.log 2>&1 </dev/null &
until [ -S run/control/control.sock ]; do
    sleep 1
    kill -0 $! || {{ cat /var/tmp/background.log; false; }}
done
"""


class Shell:
    """One bash on the machine; each block is sourced by it."""

    def __init__(self, machine, page):
        self.m, self.page = machine, page
        self.state = "/var/tmp/typed"

    def type(self, block):
        where = SOURCES if block.kind in ("sources", "background") else "/root"
        text = block.text
        if block.kind == "background":
            text = BACKGROUND.format(text=text.strip())
        self.m.write("/var/tmp/block", TYPE.format(where=where, text=text))
        # variables, $! and the folder go on in the next block
        script = (f"[ ! -e {self.state} ] || . {self.state}; set -a; . /var/tmp/block; "
                  f"status=$?; export -p >{self.state}; exit $status")
        try:
            return self.m.ask("bash", "-c", script, timeout=LONGEST)
        except subprocess.TimeoutExpired:
            return "none", f"it was not done after {LONGEST} s"


def packages(place, tarball):
    """A Debian with them installed, but nothing enabled."""
    root = copy(ROOT, os.path.join(place, "builder"))
    with Chroot(root) as m:
        b = Builder(m, tarball)
        b.prepare()
        b.build("first", "-b", options="nocheck parallel=2")
        debs = [p for p in b.made("first", "*.deb") if "dbgsym" not in p]
        target = copy(ROOT, os.path.join(place, "user"))
        os.makedirs(target + DEBS)
        names = [shutil.copy(deb, target + DEBS) for deb in debs]
    with Chroot(target) as m:
        m.run("apt-get", "update")
        m.run("apt-get", "install", "-y", "--no-install-recommends", "collectd",
              *(n.removeprefix(target) for n in names), timeout=1500)
    shutil.rmtree(root)
    return target


def unpack_sources(root, tarball):
    os.makedirs(root + SOURCES)
    run(["tar", "-xzf", tarball, "--strip-components=1", "--no-same-owner",
         "-C", root + SOURCES])


def name_machine(root):
    """As Debian's installer does: collectd looks its own name up."""
    for name, text in (("hostname", "debian\n"),
                       ("hosts", "127.0.0.1 localhost\n127.0.1.1 debian.home.arpa debian\n")):
        with open(os.path.join(root, "etc", name), "w", encoding="ascii") as f:
            f.write(text)


def type_page(place, base, tarball, page):
    """The faults of one page."""
    root = copy(base, os.path.join(place, "page"))
    unpack_sources(root, tarball)
    name_machine(root)
    faults, log = [], f"docs-{os.path.basename(page)}.log"
    try:
        with Booted(root, network="host") as m, open(log, "w", encoding="utf-8") as out:
            shell = Shell(m, page)
            for block in blocks(SRC, page):
                if block.kind == "check":
                    continue
                status, said = shell.type(block)
                out.write(f"==== {block.name()}\n{block.text}---- {status}\n{said}\n")
                if status:
                    faults.append(f"{block.name()}: status {status}\n{said[-2000:]}")
                    break
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return faults


def main():
    if not ROOT or os.geteuid() or not shutil.which("systemd-nspawn"):
        skip("PM_DEBIAN_ROOT, root and systemd-nspawn are needed: see HACKING.md")
    tarball, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:] or pages(SRC)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="procman-docs-") as place:
        os.chmod(place, 0o755)
        base = packages(place, tarball)
        for page in wanted:
            begin = time.monotonic()
            faults = type_page(place, base, tarball, page)
            failed += bool(faults)
            count = sum(b.kind != "check" for b in blocks(SRC, page))
            print(f"{page}: {count} blocks, {'FAILED' if faults else 'typed'}, "
                  f"{time.monotonic() - begin:.0f} s", *faults, sep="\n", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
