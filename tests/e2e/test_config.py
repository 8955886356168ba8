#!/usr/bin/python3
"""The configuration in a real collectd: the shipped example works unchanged, a
bad value keeps collectd from starting and the message names file and line."""
import os
import re
import shutil
import socket
import sys

sys.path.insert(0, os.path.dirname(__file__))
from harness import SRC, Collectd, folder, samplers, wait_for


def once(options, extra=""):
    c = Collectd(options, extra=extra)
    try:
        return c.once() + (c.conf,)
    finally:
        c.__exit__(None, None, None)


def check_example():
    example = os.path.join(SRC, "conf", "procman.conf")
    status, said, _ = once("", extra=f'Include "{example}"')
    assert status == 0, said
    assert f'by the sampler "{samplers()[0]}"' in said, said
    # every commented default must be valid when it is taken out of comments
    with open(example, encoding="utf-8") as f:
        text = "".join(re.sub(r"^(\s*)#(?! \S)", r"\1", l) for l in f)
    inner = text.split("<Plugin procman>")[1].rsplit("</Plugin>")[0]
    status, said, _ = once(inner)
    assert status == 0 and "does not know the option" not in said, said
    print("  conf/procman.conf: as it stands and with every option spelled out")


BAD = [
    ('Top "many"', 'Top cannot be "many"; valid: 0 to 1000'),
    ("Top -1", "Top cannot be -1; valid: 0 to 1000"),
    ('GroupBy "colour"', 'GroupBy cannot be "colour"'),
    ('<Group "a">\n  Command "a(b"\n</Group>', 'Command cannot be "a(b"'),
    ('<Group "a">\n  Name "a"\n</Group>\n<Group "a">\n  Name "b"\n</Group>',
     "one name that no other"),
    ('<Group "web">\n  Detail "full"\n</Group>', "nothing says which processes"),
    ('<Jobs>\n  MaxJobs "many"\n</Jobs>', 'MaxJobs cannot be "many"; valid: 0 to 10000'),
    ('<Jobs>\n  OnFull "drop"\n</Jobs>', 'OnFull cannot be "drop"; valid: "block" or "drop_new"'),
    ("Strict true\nTpo 20", "does not know the option Tpo"),
]


def check_bad():
    for options, message in BAD:
        status, said, conf = once(options)
        assert status != 0, f"{options} was taken"
        assert message in said, f"{options}: {said}"
        key = message.split()[0] if "cannot" in message else None
        if key:
            lines = open_lines(options, conf)
            number = lines(key)
            assert f"{conf} line {number}: " in said, (number, said)
        print("  refused:", options.replace("\n", " "))


def open_lines(options, conf):
    """Line number of an option: the module's block starts behind Helper."""
    del conf
    c = Collectd(options)
    with open(c.conf, encoding="utf-8") as f:
        text = f.readlines()
    c.__exit__(None, None, None)
    return lambda key: next(i for i, l in enumerate(text, 1)
                            if l.split() and l.split()[0] == key)


def check_lines():
    """The line is that of the fault and not of an equal one before; of two groups
    with one name both are told."""
    detail = '<Group "a">\n  Name "a"\n  Detail "basic"\n</Group>\n'
    grup = '<Grup "c">\n  Name "b(" "("\n</Grup>\n'
    for options, lines, message in (
            (detail + detail, (5, 1), "has the same name"),
            (detail + '<Group "c.d">\n  Name "c"\n</Group>\n'
             '<group "c_d">\n  Name "d"\n</group>', (8, 5), "has the same name"),
            ("Top 5\nMaxNames 7\nTop 5000", (3,), "Top cannot be 5000"),
            (detail + "Detail 7\n", (5,), "Detail cannot be 7"),
            (grup + '<Group "c">\n  Name "b("\n  Detail "b("\n  Name "b(" 1\n</Group>',
             (6,), "Detail cannot be"),
            (grup + '<Group "c">\n  Name "b("\n  Name "b(" 1\n</Group>', (6,),
             "Name cannot be"),
            ('Disable "a"\n</Plugin>\n<Plugin procman>\nDisable "a" 1', (4,),
             "Disable cannot be")):
        c = Collectd(options)
        with open(c.conf, encoding="utf-8") as f:
            first = next(i for i, l in enumerate(f, 1) if "Helper" in l)
        try:
            status, said = c.once()
        finally:
            c.__exit__(None, None, None)
        assert status != 0 and message in said, said
        for line in lines:
            assert f"{c.conf} line {first + line}" in said, (options, line, said)
    print("  lines: of the fault, and of both groups with one name")


def check_included():
    """The option stands in a file that is included."""
    c = Collectd("")
    part = c.path("part.conf")
    with open(part, "w", encoding="utf-8") as f:
        f.write('# a comment\n<Plugin "procman">\n\n  MaxNames "x"\n</Plugin>\n')
    c.extra = f'Include "{c.dir}/part*.conf"'
    c.write()
    status, said = c.once()
    c.__exit__(None, None, None)
    assert status != 0 and f"{part} line 4: MaxNames cannot be" in said, said


def check_unknown():
    """An option from a later version: said, and it runs."""
    status, said, _ = once('Samplr "auto"')
    assert status == 0, said
    assert "does not know the option Samplr; the nearest that it knows is Sampler" in said, said


def check_twice():
    """Told at the second line, in whatever block; and it works."""
    status, said, conf = once("Top 5\nTop 5\n</Plugin>\n<Plugin procman>\nStrict false\nTop 5")
    assert status == 0, said
    lines = [int(n) for n in re.findall(re.escape(conf) + r" line (\d+): Top is given again", said)]
    assert len(lines) == 2 and lines[1] - lines[0] == 4, said
    print("  an option that is given again")


def check_disk():
    """A path that does not exist: said once, and the others have their values."""
    with Collectd('Disk "/nosuch" "/"') as c:
        c.intervals(3)
        said = c.said()
        assert any(n.startswith("procman_disk-") for n in c.names()), c.names()
    assert said.count('Disk "/nosuch": No such file or directory') == 1, said
    print("  Disk: a path that does not exist")


def check_second_block():
    """Options together are checked behind the last block."""
    two = "".join(f'<Group "{n}">\n  Name "{n}"\n</Group>\n' for n in "ab")
    for name, first, second, works in (
            ("more in the second", "Top 1\nMaxGroups 1\n" + two, "MaxGroups 2", True),
            ("fewer in the second", two, "Top 1\nMaxGroups 1", False)):
        status, said, _ = once(f"{first}\n</Plugin>\n<Plugin procman>\n{second}")
        assert (status == 0) == works, f"{name}: {said}"
        assert ("MaxGroups is 1, but 2 groups" in said) != works, f"{name}: {said}"
    print("  MaxGroups in a second block")


def check_control_in_one_of_two():
    """A <Control> that is not empty is one block, in whichever <Plugin> it stands."""
    place = folder("procman-socket-")
    try:
        control = f'<Control>\n  Socket "{place}/control.sock"\n</Control>'
        for name, first, second in (("second", "Top 5", control), ("first", control, "Top 5")):
            status, said, _ = once(f"{first}\n</Plugin>\n<Plugin procman>\n{second}")
            assert status == 0, f"{name}: {said}"
    finally:
        shutil.rmtree(place)
    print("  Control in one of two blocks")


def check_empty_control():
    """collectd's parser drops a block without anything in it; it opens the socket
    all the same, at its usual place, which is nobody else's here."""
    if os.geteuid() != 0:
        print("not root: the empty <Control> is not tried")
        return
    # in a chroot the root is no mount whose propagation could be changed
    alone = ("unshare", "-m", "--propagation", "unchanged", "sh", "-c",
             "mount --make-rprivate / 2>/dev/null; "
             "! grep -q shared: /proc/self/mountinfo && "
             'mount -t tmpfs none /run && exec "$@"', "sh")
    with Collectd("<Control>\n  # nothing\n  </Control>", prefix=alone) as c:
        wait_for("the socket", lambda: "the control socket is /run/procman/control.sock"
                 in c.said())


def check_socket_in_use():
    """Another collectd has the socket, and its lock, until it ends: said once,
    tried again, and said once when it was had.  Metrics are read all the while."""
    top = folder("procman-socket-")
    place = os.path.join(top, "control.sock")
    control = f'<Control>\n  Socket "{place}"\n  </Control>'
    served, refused = f"the control socket is {place}", f"{place}.lock is locked"
    try:
        with Collectd(control) as first:
            wait_for("the socket", lambda: served in first.said())
            with Collectd(control) as second:
                wait_for("a refusal", lambda: refused in second.said())
                second.intervals(3)
                assert served not in second.said(), second.said()
                first.stop()
                wait_for("the socket", lambda: served in second.said())
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(place)
                said = second.said()
        assert said.count(refused) == 1 and said.count(served) == 1, said
        assert "opening it is tried again, metrics" in said, said
    finally:
        shutil.rmtree(top)
    print("  the socket of another collectd: had as soon as that one ended")


def main():
    check_example()
    check_bad()
    check_lines()
    check_included()
    check_unknown()
    check_twice()
    check_disk()
    check_second_block()
    check_control_in_one_of_two()
    check_empty_control()
    check_socket_in_use()


if __name__ == "__main__":
    main()
