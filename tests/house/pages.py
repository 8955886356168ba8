#!/usr/bin/python3
"""README and docs/: each command is one that bash can read and that tests/docs/check.py
types, or .ci/run; links lead somewhere; a message that is quoted as a symptom is one
that the source has."""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
SRC = os.path.abspath(os.environ.get("PM_SRC", "."))
sys.path.insert(0, os.path.join(SRC, "tests", "docs"))
from pages import KINDS, blocks, pages


def read(*path):
    with open(os.path.join(SRC, *path), encoding="utf-8", errors="replace") as f:
        return f.read()


def block_faults(page):
    ci = read(".ci", "run")
    for block in blocks(SRC, page):
        if block.kind not in KINDS:
            yield f"{block.name()}: nobody knows how to type \"sh {block.kind}\""
        p = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True,
                           check=False)
        if p.returncode:
            yield f"{block.name()}: {p.stderr.strip()}"
        if block.kind == "check" and any(line not in ci for line in block.text.split("\n")):
            yield f"{block.name()}: .ci/run does not do this"


def indented_faults(page):
    """Commands in the old way, by four blanks, would be typed by nobody."""
    fenced = re.sub(r"^```.*?^```$", "", read(page), flags=re.S | re.M)
    for line in re.findall(r"^    ((?:\./|apt|procmanctl|systemctl|make|rpm|sudo|ln) ?\S.*)$",
                           fenced, re.M):
        yield f"{page}: \"{line}\" is not between fences"


def link_faults(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", read(page)):
        path = os.path.join(SRC, os.path.dirname(page), target)
        if "://" not in target and not os.path.exists(path):
            yield f"{page}: there is no {target}"


def sources():
    text = ""
    for top in ("plugin", "control"):
        for folder, _, names in os.walk(os.path.join(SRC, top)):
            for name in names:
                if name.endswith((".c", ".h", ".def")):
                    text += read(folder, name)
    return re.sub(r"\"\s*\n\s*\"", "", text)  # a text goes on in the next line


# said by collectd, not by us
OTHERS = ("Could not find plugin", "Looking up")


def symptom_faults():
    """Of the first column, each part that "…" and numbers leave."""
    source = sources()
    for row in re.findall(r"^\| (.*?) \| ", read("docs", "troubleshooting.md"), re.M):
        for quoted in re.findall(r"`([^`]+)`", row):
            if " " not in quoted or quoted.startswith(OTHERS):
                continue
            for part in re.split(r"…|\d+|procmanctl: |No such file or directory|Permission denied",
                                 quoted):
                words = part.strip(" :")
                if len(words) > 8 and words not in source:
                    yield f"docs/troubleshooting.md: nobody says \"{words}\""


def main():
    faults, count = list(symptom_faults()), 0
    readme = read("README.md")
    for page in pages(SRC):
        count += len(blocks(SRC, page))
        faults += [*block_faults(page), *indented_faults(page), *link_faults(page)]
        if page != "README.md" and page not in readme:
            faults.append(f"README.md does not lead to {page}")
    print("\n".join(faults) or f"{count} blocks of commands on {len(pages(SRC))} pages")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
