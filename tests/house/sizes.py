#!/usr/bin/python3
"""Functions: median at most 15 lines, none over 80. Files: .c at most 500
lines, .h at most 120. Told by the braces in column 0, as the code is
formatted."""
import os
import statistics
import sys

SRC = os.environ.get("PM_SRC", ".")
FOLDERS = ("plugin", "control", "tests")
MEDIAN, MOST, FILE_C, FILE_H = 15, 80, 500, 120


def files():
    for folder in FOLDERS:
        for where, _, names in os.walk(os.path.join(SRC, folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h")) and ".skel." not in name:
                    yield os.path.join(where, name)


def functions(lines):
    """(first line, number of lines) of each body."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and line.rstrip().endswith(") {") and line[0] not in " \t#":
            start = number
        elif start is not None and line.startswith("}"):
            yield start, number - start - 1
            start = None


def main():
    lengths, faults = [], []
    for path in files():
        with open(path, encoding="utf-8") as f:
            lines = f.readlines()
        name = os.path.relpath(path, SRC)
        limit = FILE_H if name.endswith(".h") else FILE_C
        if len(lines) > limit and not name.startswith("tests/"):
            faults.append(f"{name}: {len(lines)} lines, over {limit}")
        for start, length in functions(lines):
            lengths.append(length)
            if length > MOST:
                faults.append(f"{name}:{start}: a function of {length} lines")
    median = statistics.median(lengths)
    if median > MEDIAN:
        faults.append(f"the median function has {median} lines")
    ninety = statistics.quantiles(lengths, n=10)[-1]
    print(f"{len(lengths)} functions: median {median}, p90 {ninety:.0f}, most {max(lengths)}")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
