#!/usr/bin/python3
"""One version, and one version of each library that is needed, in all the files that
say it; the tarball has all of debian/."""
import os
import re
import subprocess
import sys

SRC = os.environ.get("PM_SRC", ".")


def read(*path):
    with open(os.path.join(SRC, *path), encoding="utf-8") as f:
        return f.read()


def find(pattern, *path):
    found = re.search(pattern, read(*path), re.M)
    assert found, f"{'/'.join(path)} has no {pattern}"
    return found[1]


def version_faults():
    version = find(r"^AC_INIT\(\[procman\],\[(.+)\]\)$", "configure.ac")
    for where, said in (
            ("CHANGELOG.md", find(r"^## (\S+)", "CHANGELOG.md")),
            ("debian/changelog", find(r"\Aprocman \(([\d.]+)-\d+\)", "debian", "changelog")),
            ("procman.spec", find(r"^Version: +(\S+)$", "conf", "release", "procman.spec")),
            ("procman.spec, %changelog",
             find(r"^%changelog\n.* - ([\d.]+)-\d+$", "conf", "release", "procman.spec"))):
        if said != version:
            yield f"{where} is of {said}, configure.ac of {version}"


def library_faults():
    """As PKG_CHECK_MODULES asks for them."""
    asked = dict(re.findall(r"PKG_CHECK_MODULES\(\[\w+\], \[(\w+) >= ([\d.]+)\]",
                            read("configure.ac")))
    assert len(asked) == 3, asked
    for where, form in ((("debian", "control"), r"\b(?:lib)?{}-dev \(>= ([\d.]+)\)"),
                        (("conf", "release", "procman.spec"), r"pkgconfig\({}\) >= ([\d.]+)")):
        for name, version in asked.items():
            said = find(form.format(name), *where)
            if said != version:
                yield f"{'/'.join(where)} asks for {name} {said}, configure.ac for {version}"


def list_faults():
    """Told by git, where there is one: a build leaves other files there."""
    listed = set(re.findall(r"debian/\S+", re.search(r"^debian_files = ((?:.*\\\n)*.*)$",
                                                    read("Makefile.am"), re.M)[1]))
    missing = {name for name in listed if not os.path.isfile(os.path.join(SRC, name))}
    if missing:
        yield f"debian_files has what does not exist: {sorted(missing)}"
    if os.path.exists(os.path.join(SRC, ".git")):
        said = subprocess.run(["git", "-C", SRC, "ls-files", "debian"], check=True,
                              capture_output=True, text=True).stdout
        if set(said.split()) != listed:
            yield f"debian_files and git differ: {sorted(set(said.split()) ^ listed)}"


def main():
    faults = [*version_faults(), *library_faults(), *list_faults()]
    print("\n".join(faults) or "one version everywhere")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
