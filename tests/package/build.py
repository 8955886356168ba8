"""The packages, built inside the Debian that they are for by a user who has only
what Build-Depends names."""
import glob
import os
import re
import shutil
import subprocess

HOME = "/home/builder"
OPTIONS = "parallel=2"


class Builder:
    """In a chroot that it changes."""

    def __init__(self, chroot, tarball):
        self.m, self.tarball = chroot, tarball
        self.version = re.search(r"procman-([\d.]+)\.tar", tarball)[1]
        self.tree = f"procman-{self.version}"

    def prepare(self):
        m = self.m
        m.run("useradd", "-m", "builder")
        self.unpack("first")
        m.run("apt-get", "update")
        m.run("apt-get", "install", "-y", "--no-install-recommends", "dpkg-dev", "fakeroot")
        m.run("apt-get", "build-dep", "-y", "--no-install-recommends", self.where("first"),
              timeout=1500)

    def where(self, place):
        return f"{HOME}/{place}/{self.tree}"

    def unpack(self, place):
        """As a release arrives: the tarball is the package's upstream source."""
        folder = self.m.outside(f"{HOME}/{place}")
        os.makedirs(folder)
        orig = os.path.join(folder, f"procman_{self.version}.orig.tar.gz")
        shutil.copy(self.tarball, orig)
        subprocess.run(["tar", "-xzf", orig, "-C", folder], check=True)
        self.m.run("chown", "-R", "builder:", f"{HOME}/{place}")

    def copy_tree(self, place, sources):
        """As a developer has it: what git knows."""
        folder = self.m.outside(self.where(place))
        os.makedirs(folder)
        names = subprocess.run(["git", "-C", sources, "ls-files", "-z"], check=True,
                               capture_output=True).stdout
        subprocess.run(["cp", "--parents", "-t", folder, *filter(None, names.decode().split("\0"))],
                       cwd=sources, check=True)
        self.m.run("chown", "-R", "builder:", f"{HOME}/{place}")

    def build(self, place, *kind, options=OPTIONS, umask="022"):
        """What dpkg-buildpackage says."""
        return self.m.run("runuser", "-u", "builder", "--", "sh", "-c",
                          f"cd '{self.where(place)}' && umask {umask} && "
                          f"DEB_BUILD_OPTIONS='{options}' HOME=/nonexistent "
                          f"dpkg-buildpackage -us -uc {' '.join(kind)}", timeout=1800)

    def made(self, place, pattern):
        found = sorted(glob.glob(self.m.outside(f"{HOME}/{place}/{pattern}")))
        assert found, f"nothing is like {pattern} in {place}"
        return found

    def raise_version(self, place):
        path = self.m.outside(f"{self.where(place)}/debian/changelog")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        entry = text.split("\n\nprocman (")[0].rstrip("\n") + "\n"
        head = entry.replace(f"({self.version}-1)", f"({self.version}-2)")
        assert head != entry, "the changelog does not begin with the first revision"
        with open(path, "w", encoding="utf-8") as f:
            f.write(head + "\n" + text)

    def lint(self, place):
        """Its version, if it finds nothing.  That of Debian 12 does not know the policy
        of Debian 13, and says so."""
        self.m.run("apt-get", "install", "-y", "--no-install-recommends", "lintian",
                   timeout=1500)
        changes = os.path.basename(self.made(place, "*_*.changes")[0])
        status, said = self.m.ask("runuser", "-u", "builder", "--", "sh", "-c",
                                  f"cd {HOME}/{place} && lintian -EiIL +pedantic {changes}")
        tags = [line for line in said.splitlines() if re.match("[EWIPX]: ", line)
                and " newer-standards-version " not in line]
        assert status == 0 and not tags, said
        return self.m.run("lintian", "--version").strip()


def results(said):
    """The sums that automake prints of its tests."""
    found = re.search(r"^# TOTAL: +(\d+)\n# PASS: +(\d+)\n# SKIP: +(\d+)", said, re.M)
    assert found and int(found[2]) > 100, "no tests were run:\n" + said[-3000:]
    return f"{found[2]} tests passed, {found[3]} skipped"
