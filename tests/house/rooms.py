#!/usr/bin/python3
"""Every #include of ours is one that tests/rooms.txt allows: folders use only
folders below them, the files of one folder include each other without a circle,
and rooms.txt names no folder, arrow or exception that does not exist."""
import os
import re
import sys

SRC = os.environ.get("PM_SRC", ".")
ROOTS = ("plugin", "control")
LIBRARIES = {"collectd", "yajl", "bpf", "config"}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)
EXCEPTION = re.compile(r"^(\S+) > (\S+)  (\S.*)$")


class Rules:
    def __init__(self):
        self.uses, self.exceptions, self.faults = {}, {}, []
        with open(os.path.join(SRC, "tests", "rooms.txt"), encoding="utf-8") as f:
            for line in f:
                line = line.split("#")[0].rstrip()
                if line:
                    self.take(line)

    def take(self, line):
        found = EXCEPTION.match(line)
        if found:
            self.exceptions[found[1], found[2]] = found[3]
            return
        folder, _, used = line.partition(":")
        self.uses[folder] = used.split()
        for name in self.uses[folder]:
            if name not in LIBRARIES and name not in list(self.uses)[:-1]:
                self.faults.append(f"{folder} stands below {name}, so it cannot use it")


def our_files():
    """(path, name as it is included, folder as in rooms.txt)"""
    for root in ROOTS:
        top = os.path.join(SRC, root)
        for folder, _, names in os.walk(top):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".def")):
                    path = os.path.join(folder, name)
                    included = os.path.relpath(path, top)
                    yield path, included, os.path.dirname(included) or root


def folder_of(header, from_folder, known):
    """None: not ours, and of no library that is looked after."""
    if header in known:
        return header, known[header]
    beside = f"{from_folder}/{header}"
    if beside in known:
        return beside, from_folder
    if header == "pm_config.h":
        return header, "config"
    library = header.split("/")[0]
    return header, library if library in LIBRARIES else None


def stem(name):
    return os.path.splitext(name)[0]


def faults(rules):
    files = list(our_files())
    known = {included: folder for _, included, folder in files}
    used, needed, inside = set(), set(), {}
    for path, included, folder in files:
        if folder not in rules.uses:
            yield f"{included}: no line for {folder}"
            continue
        with open(path, encoding="utf-8") as f:
            headers = INCLUDE.findall(f.read())
        for header in headers:
            header, target = folder_of(header, folder, known)
            if target == folder:
                inside.setdefault(stem(included), set()).add(stem(header))
            elif (included, header) in rules.exceptions:
                needed.add((included, header))
            elif target in rules.uses[folder]:
                used.add((folder, target))
            elif target:
                yield f"{included} must not include {header}: {folder} does not use {target}"
    yield from circles(inside)
    for folder, targets in rules.uses.items():
        if folder not in known.values():
            yield f"there is no folder {folder}"
        yield from (f"{folder} uses nothing of {t}" for t in targets if (folder, t) not in used)
    yield from (f"nobody needs the exception {' > '.join(e)}" for e in set(rules.exceptions) - needed)


def circles(edges):
    done, path = set(), []

    def visit(name):
        if name in path:
            yield "files in a circle: " + " -> ".join(path[path.index(name):] + [name])
            return
        if name in done:
            return
        path.append(name)
        for other in sorted(edges.get(name, ())):
            if other != name:
                yield from visit(other)
        path.pop()
        done.add(name)

    for name in sorted(edges):
        yield from visit(name)


def main():
    rules = Rules()
    found = rules.faults + sorted(faults(rules))
    print("\n".join(found) or f"{len(rules.uses)} folders, {len(rules.exceptions)} exceptions: "
          "every include is allowed, and nothing allowed is without use")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
