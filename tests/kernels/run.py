#!/usr/bin/python3
"""Boots the kernels that procman claims to run on, each in a virtual machine, and
runs in it the tests that depend on the kernel.
    run.py FOLDER [--only ROW…] [--tests PART,…]
FOLDER keeps the kernels and the root file system, some 4 GB.  Needs root, for
debootstrap; packages: qemu-system-x86, user-mode-linux, debootstrap, busybox-static,
cpio, kmod, e2fsprogs.  Prints a table, and fails where a row is not as it should be."""
import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import image

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent

WALK = "BPF, open-coded task iterator"
ITER = "BPF, task iterator"
PROC = "/proc"

# Left out of the row without BTF: user-mode Linux has one CPU and does not preempt,
# so that a group that forks is faster than who ends it; and no unix_diag, so that
# before 6.5 nobody can be told from another who connects, and all is refused.
UML_WITHOUT = "procman.without=hold/test_kill,test_authority"
# Left out where /proc hides processes: all that it hits are hidden.
HIDEPID = "procman.hidepid=2 procman.without=hold/test_kill"

# name: (suite, what else the kernel is told, the variant that must be used)
ROWS = {
    "bullseye": ("bullseye", "", ITER),
    "bookworm": ("bookworm", "", ITER),
    "trixie": ("trixie", "", WALK),
    "sid": ("sid", "", WALK),
    "lockdown": ("trixie", "lockdown=confidentiality", WALK),
    "hidepid": ("bookworm", HIDEPID, ITER),
    "no-btf": (None, UML_WITHOUT, PROC),
}
# What a row is for is told by the machine itself.
MUST_SAY = {"lockdown": ("lockdown", "[confidentiality]"), "hidepid": ("proc", "hidepid="),
            "no-btf": ("btf", "no")}
LEAST = 50  # tests that pass; a row in which hardly any ran proves nothing
MEMORY = "3072"
HOURS = 3


def qemu(files, root, words):
    accelerator = os.environ.get("PM_QEMU_ACCEL", "tcg")
    return ["qemu-system-x86_64", "-accel", accelerator, "-cpu", "max", "-smp", "2",
            "-m", MEMORY, "-nographic", "-no-reboot", "-nic", "none", "-snapshot",
            "-kernel", files / "vmlinuz", "-initrd", files / "initrd",
            "-drive", f"file={root},format=raw,if=virtio",
            "-append", f"console=ttyS0 quiet panic=-1 {words}"]


def uml(folder, root, words):
    """User-mode Linux: Debian builds it without BTF."""
    cow = folder / "uml.cow"
    cow.unlink(missing_ok=True)
    return ["linux.uml", f"ubd0={cow},{root}", "root=/dev/ubda", "rw", f"mem={MEMORY}M",
            "init=/procman/tests/kernels/guest.py", "con0=null,fd:1", "con=null", "quiet",
            *words.split()]


def boot(folder, name, root, tests):
    suite, words, _ = ROWS[name]
    if tests:
        words += f" procman.only={tests}"
    command = uml(folder, root, words) if suite is None else \
        qemu(image.kernel(folder, suite), root, words)
    with open(folder / f"{name}.log", "wb") as log:
        try:
            subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log,
                           stderr=subprocess.STDOUT, timeout=HOURS * 3600, check=False)
        except subprocess.TimeoutExpired:
            pass  # its row says that it did not come to its end
    return told(folder / f"{name}.log")


def told(log):
    found = []
    for line in log.read_text(errors="replace").splitlines():
        if "@@{" in line:
            found.append(json.loads(line.split("@@", 1)[1]))
    return found


class Row:
    """What one machine said."""

    def __init__(self, name, items, least=LEAST):
        def of(kind):
            return [item for item in items if item["kind"] == kind]
        self.name, self.wanted = name, ROWS[name][2]
        self.said = of("kernel")[0] if of("kernel") else {}
        self.kernel = self.said.get("release", "did not boot")
        self.samplers = [item["line"] for item in of("sampler")]
        self.storm = of("storm")[0] if of("storm") else None
        self.faults = of("fault")
        self.tests = of("test")
        self.ended, self.least = bool(of("end")), least

    def count(self, result):
        return sum(test["result"] == result for test in self.tests)

    def wrong(self):
        """What is not as it should be, in words."""
        if not self.ended:
            yield "it did not come to its end"
        what, words = MUST_SAY.get(self.name, ("release", ""))
        if words not in self.said.get(what, ""):
            yield f"its {what} is not {words}: {self.said}"
        if self.count("passed") < self.least:
            yield f"only {self.count('passed')} tests passed"
        if not any(f"({self.wanted}" in line for line in self.samplers):
            yield f"another sampler than {self.wanted}: {self.samplers}"
        if self.wanted != PROC and (not self.storm or self.storm["percent"] < 99.9):
            yield f"of the storm was charged: {self.storm}"
        for fault in self.faults:
            yield f"{fault['name']}: {fault['said']}"
        for test in self.tests:
            if test["result"] == "failed":
                yield f"{test['name']} failed"

    def line(self):
        storm = f"{self.storm['percent']:.2f} %" if self.storm else "-"
        first = self.samplers[0].split("(", 1)[1].rsplit(")", 1)[0] if self.samplers else "-"
        return (f"| {self.name} | {self.kernel} | {first} | {storm} | {self.count('passed')} "
                f"| {self.count('skipped')} | {self.count('failed')} |")


def commit():
    said = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=SOURCE,
                          capture_output=True, text=True, check=False).stdout.strip()
    return said or "unknown"


def print_table(rows):
    print(f"\n{time.strftime('%Y-%m-%d')}, commit {commit()}, under "
          f"{'qemu ' + os.environ.get('PM_QEMU_ACCEL', 'tcg')} on Linux {platform.release()}\n")
    print("| row | kernel | sampler | CPU of a storm that is charged | tests passed | skipped | failed |")
    print("|---|---|---|---:|---:|---:|---:|")
    for row in rows:
        print(row.line())
    for row in rows:
        for wrong in row.wrong():
            print(f"\n{row.name}: {wrong}")
        for test in row.tests:
            if test["result"] == "failed":
                print(f"\n{row.name}, {test['name']}:\n{test['said']}")


def check_tools():
    missing = [tool for tool in ("qemu-system-x86_64", "linux.uml", "debootstrap", "busybox",
                                 "cpio", "depmod", "mke2fs") if not shutil.which(tool)]
    if missing or os.geteuid() != 0:
        print(f"SKIP: needs root, and {', '.join(missing) or 'nothing else'}", file=sys.stderr)
        sys.exit(77)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--tests", default="", help="parts of names, with commas")
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build")
    args = parser.parse_args()
    check_tools()
    folder = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    root = image.root(folder, SOURCE, args.build.resolve())
    rows = []
    for name in args.only:
        print(f"-- {name} ...", flush=True)
        rows.append(Row(name, boot(folder, name, root, args.tests),
                        0 if args.tests else LEAST))
        print(rows[-1].line(), flush=True)
    print_table(rows)
    return 1 if any(list(row.wrong()) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
