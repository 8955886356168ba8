#!/usr/bin/python3
"""Every #include of ours is one that tests/rooms.txt allows, and no file of
ours is missing there."""
import fnmatch
import os
import re
import sys

SRC = os.environ.get("PM_SRC", ".")
ROOTS = ("plugin", "control")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def read_rules():
    rules = []
    with open(os.path.join(SRC, "tests", "rooms.txt"), encoding="utf-8") as f:
        for line in f:
            line = line.split("#")[0].strip()
            if line:
                files, headers = line.split(":")
                rules.append((files.strip(), headers.split()))
    return rules


def our_files():
    for root in ROOTS:
        top = os.path.join(SRC, root)
        for folder, _, names in os.walk(top):
            for name in names:
                if name.endswith((".c", ".h")):
                    path = os.path.join(folder, name)
                    yield path, os.path.relpath(path, top)


def allowed(rules, name):
    own = os.path.splitext(name)[0] + ".h"
    globs, known = [own], False
    for files, headers in rules:
        if fnmatch.fnmatch(name, files):
            known = True
            globs += headers
    return globs if known else None


def faults(rules):
    for path, name in sorted(our_files()):
        globs = allowed(rules, name)
        if globs is None:
            yield f"{name}: no room in tests/rooms.txt"
            continue
        with open(path, encoding="utf-8") as f:
            for header in INCLUDE.findall(f.read()):
                if not any(fnmatch.fnmatch(header, g) for g in globs):
                    yield f"{name} must not include {header}"


def cycles():
    edges = {n: INCLUDE.findall(open(p, encoding="utf-8").read())
             for p, n in our_files() if n.endswith(".h")}
    done, path = set(), []

    def visit(name):
        if name in path:
            yield "headers in a circle: " + " -> ".join(path + [name])
            return
        if name in done:
            return
        path.append(name)
        for header in edges.get(name, []):
            yield from visit(header)
        path.pop()
        done.add(name)

    for name in edges:
        yield from visit(name)


def main():
    found = list(faults(read_rules())) + list(cycles())
    print("\n".join(found) or "every include is in its room")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
