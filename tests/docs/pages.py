"""The commands of the README and of docs/: what stands between ```sh and ```.  A
word behind the sh says how they are typed:
    sh             as root on a Debian with the packages installed
    sh sources     in the sources instead
    sh background  in the sources; they go on while the next are typed
    sh check       they are what .ci/run does, and typed there"""
import os
import re

KINDS = ("", "sources", "background", "check")
FENCE = re.compile(r"^( *)```(.*)$")


class Block:
    def __init__(self, page, line, kind):
        self.page, self.line, self.kind, self.text = page, line, kind, ""

    def name(self):
        return f"{self.page}:{self.line}"


def blocks(source, page):
    """Those with commands, in their order."""
    found, block, open_at = [], None, 0
    with open(os.path.join(source, page), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            fence = FENCE.match(line)
            if fence and not open_at:
                open_at, words = number, fence[2].split()
                block = None
                if words[:1] == ["sh"]:
                    block = Block(page, number, " ".join(words[1:]))
                    found.append(block)
            elif fence:
                open_at = 0
            elif open_at and block:
                block.text += line
    assert not open_at, f"{page}:{open_at}: a fence that does not end"
    return found


def pages(source):
    docs = sorted(n for n in os.listdir(os.path.join(source, "docs")) if n.endswith(".md"))
    return ["README.md", *(f"docs/{name}" for name in docs)]
