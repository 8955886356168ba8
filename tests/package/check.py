#!/usr/bin/python3
"""The packages in the Debians that they are for: built there twice, installed, used,
upgraded, removed and purged, in a chroot and where systemd is PID 1.
    check.py TARBALL
PM_DEBIAN_ROOTS: folders that debootstrap has made, with systemd and dbus; they are
copied, and stay as they are (HACKING.md)."""
import hashlib
import os
import re
import shutil
import sys
import tempfile

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e")]
from build import Builder, results
from chroot import Chroot, copy, run
from harness import skip
from life import Life
from machines import Booted, Plain
import rpm

SRC = os.path.abspath(os.environ.get("PM_SRC", "."))
ROOTS = os.environ.get("PM_DEBIAN_ROOTS", "").split()
NAMES = ("collectd-procman", "procman-client")
DEBS = "/var/tmp/debs"
# Values each second, where the test finds them.
CONF = """Hostname "host"
Interval 1
LoadPlugin csv
<Plugin csv>
  DataDir "/var/tmp/values"
</Plugin>
"""
NEEDED = {"systemd-nspawn": "systemd-container", "autopkgtest": "autopkgtest",
          "git": "git", "rpmbuild": "rpm", "rpmlint": "rpmlint"}


class Report:
    def __init__(self):
        self.rows, self.debian = [], ""

    def add(self, where, what):
        self.rows.append((self.debian, where, what))
        print(f"{self.debian}, {where}: {what}", flush=True)

    def table(self):
        lines = ["| Debian | where | shown |", "| ------ | ----- | ----- |"]
        return "\n".join(lines + [f"| {' | '.join(row)} |" for row in self.rows])


def sums(paths):
    found = {}
    for path in paths:
        with open(path, "rb") as f:
            found[os.path.basename(path)] = hashlib.sha256(f.read()).hexdigest()
    return found


# ---- built ----

def build(place, root, tarball, report):
    """Folders with the packages: of this version, and of the next."""
    with Chroot(copy(root, os.path.join(place, "builder"))) as m:
        b = Builder(m, tarball)
        b.prepare()
        report.add("build", "of the tarball, by a user with Build-Depends only: "
                   + results(b.build("first")))
        report.add("lintian", f"{b.lint('first')}, source and binary: no tag of any kind")
        build_again(b, report)
        b.unpack("next")
        b.raise_version("next")
        b.build("next", "-b", options="nocheck parallel=2")
        return collect(place, "first", b), collect(place, "next", b)


def build_again(b, report):
    """Of what git has, in another place, by another umask."""
    if not os.path.exists(os.path.join(SRC, ".git")):
        report.add("again", "not tried: the sources are not git's")
        return
    b.copy_tree("a/longer/place", SRC)
    b.build("a/longer/place", "-b", options="nocheck parallel=1", umask="077")
    one, other = (sums(b.made(place, "*.deb")) for place in ("first", "a/longer/place"))
    assert one == other and len(one) >= 4, f"other bytes: {one} {other}"
    report.add("again", f"of git's files, elsewhere: the same bytes in {len(one)} packages")


def collect(place, which, b):
    folder = os.path.join(place, which)
    os.mkdir(folder)
    for name in NAMES:
        shutil.copy(b.made(which, f"{name}_*.deb")[0], folder)
    return folder


# ---- installed ----

def prepare(place, root, name, packages):
    """A copy where collectd and what the packages need is installed; the packages
    as that machine sees them, of each version."""
    root = copy(root, os.path.join(place, name))
    seen = []
    for folder in packages:
        there = os.path.join(DEBS, os.path.basename(folder))
        shutil.copytree(folder, root + there)
        seen.append([f"{there}/{n}" for n in sorted(os.listdir(folder))])
    with Chroot(root) as m:
        m.run("apt-get", "update")
        m.run("apt-get", "install", "-y", "--no-install-recommends", "collectd", timeout=1500)
        for deb in seen[0]:
            needed = m.run("dpkg-deb", "-f", deb, "Depends").strip()
            m.run("apt-get", "satisfy", "-y", "--no-install-recommends", needed, timeout=1500)
        for user in ("member", "stranger"):
            m.run("useradd", user)
        with open(m.outside("/etc/collectd/collectd.conf.d/00-test.conf"), "w",
                  encoding="ascii") as f:
            f.write(CONF)
    return root, seen


def live(kind, root, packages, report):
    with kind(root) as m:
        m.begin()
        for step in Life(m, *packages).steps():
            report.add(kind.name, step())


# ---- as autopkgtest does it ----

MOUNTED = 'for f in proc sys dev; do mount --rbind /$f "$1/$f"; done; shift; exec "$@"'


def autopkgtest(place, root, packages, report):
    """In a chroot, so that what wants a container is left out here."""
    root = copy(root, os.path.join(place, "autopkgtest"))
    debs = [os.path.join(packages, n) for n in sorted(os.listdir(packages))]
    _, said = run(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
                   "sh", "-c", MOUNTED, "sh", root, "autopkgtest", *debs, SRC + "/",
                   "--", "chroot", root], check=False, timeout=1800)
    found = dict(re.findall(r"^(module|service) +(PASS|SKIP|FAIL)", said, re.M))
    assert found == {"module": "PASS", "service": "SKIP"}, said[-6000:]
    report.add("autopkgtest", "module passed; service needs a container")


def service_test(place, root, packages, report):
    root, seen = prepare(place, root, "service", [packages])
    with open(os.path.join(SRC, "debian/tests/service"), encoding="utf-8") as f:
        script = f.read()
    with Booted(root) as m:
        m.install(*seen[0])
        said = m.run("sh", "-c", script)
    report.add("autopkgtest", f"service, where systemd is PID 1: {said.splitlines()[-1]}")


def check(root, tarball, report):
    with open(os.path.join(root, "etc/debian_version"), encoding="ascii") as f:
        report.debian = f.read().strip()
    with tempfile.TemporaryDirectory(prefix="procman-package-") as place:
        os.chmod(place, 0o755)
        packages = build(place, root, tarball, report)
        for kind in (Plain, Booted):
            live(kind, *prepare(place, root, kind.name, packages), report)
        autopkgtest(place, root, packages[0], report)
        service_test(place, root, packages[0], report)


def check_rpm(tarball, report):
    report.debian = "–"
    report.add("rpm", rpm.lint(SRC))
    with tempfile.TemporaryDirectory(prefix="procman-package-") as place:
        report.add("rpm", rpm.build(place, tarball))


def main():
    if not ROOTS:
        skip("PM_DEBIAN_ROOTS is not set: see HACKING.md")
    missing = [package for command, package in NEEDED.items() if not shutil.which(command)]
    if os.geteuid() or missing:
        skip(f"root, and these packages, are needed: {' '.join(missing)}")
    report = Report()
    check_rpm(os.path.abspath(sys.argv[1]), report)
    for root in ROOTS:
        check(root, os.path.abspath(sys.argv[1]), report)
    print("\n" + report.table())


if __name__ == "__main__":
    main()
