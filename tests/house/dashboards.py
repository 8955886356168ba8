#!/usr/bin/python3
"""The dashboards of the three stores are the same: rows, panels and units, but for
what a store cannot say; each has a source, a host and a program to choose, and
every query is about the chosen ones."""
import os
import sys

sys.dont_write_bytecode = True
SRC = os.path.abspath(os.environ.get("PM_SRC", "."))
sys.path.insert(0, os.path.join(SRC, "tests", "pipelines"))
sys.path.insert(0, os.path.join(SRC, "tests", "e2e"))
from dashboards import FILES, LACKS, board, panels, query_of


def shape(file):
    return [(p["type"], p["title"], p.get("fieldConfig", {}).get("defaults", {}).get("unit"))
            for p in board(file)["panels"]]


def difference_faults():
    first, *others = sorted(set(FILES.values()))
    for other in others:
        lacks = set(LACKS.get(first, {})) | set(LACKS.get(other, {}))
        a, b = ([s for s in shape(file) if s[1] not in lacks] for file in (first, other))
        yield from (f"{first} and {other} differ: {x} and {y}" for x, y in zip(a, b) if x != y)
        if len(a) != len(b):
            yield f"{first} has {len(a)} panels, {other} {len(b)}"
    for file, titles in LACKS.items():
        had = {p["title"] for p in panels(file)}
        yield from (f"{file} has {t}, which it was said to lack" for t in titles if t in had)


def board_faults(file):
    one = board(file)
    names = [v["name"] for v in one["templating"]["list"]]
    if names != ["datasource", "host", "program"]:
        yield f"{file}: variables {names}"
    ids = [p["id"] for p in one["panels"]]
    if len(set(ids)) != len(ids):
        yield f"{file}: two panels have one id"
    for panel in panels(file):
        if panel["datasource"]["uid"] != "${datasource}":
            yield f"{file}: {panel['title']} has a source of its own"
        for target in panel["targets"]:
            query = query_of(target)
            if "$host" not in query and "all hosts" not in panel["title"]:
                yield f"{file}: {panel['title']} is not about the host: {query}"
            if ("$program" in query) != ("$program" in panel["title"]):
                yield f"{file}: {panel['title']} and the program: {query}"


def main():
    faults = list(difference_faults())
    for file in sorted(set(FILES.values())):
        faults += board_faults(file)
    print("\n".join(faults) or f"{len(set(FILES.values()))} dashboards are the same")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
