#!/usr/bin/python3
"""The manual page has every option of the tables and every series of
series.def, with its unit and its definition; README, example and manual name
no option that does not exist.  The protocol's page has every method of
method.def with its parameters and results, every member of Job, and every golden
file of the wire;
procmanctl's page has every command and option."""
import os
import re
import sys

SRC = os.environ.get("PM_SRC", ".")


def read(*path):
    with open(os.path.join(SRC, *path), encoding="utf-8") as f:
        return f.read()


def options():
    """Names in the tables of options.c, options_control.c and options_jobs.c, and the blocks."""
    text = "".join(read("plugin", "options", name) for name in (
        "options.c", "options_control.c", "options_jobs.c"))
    names = set(re.findall(r'^    \{"(\w+)", (?:set_|pm_value_set_)', text, re.M))
    blocks = set(re.findall(r'strcasecmp\(item->key, "(\w+)"\) == 0', text))
    assert len(names) > 28 and blocks == {"Group", "Control", "Allow", "Jobs"}, (names, blocks)
    return names | blocks


def series():
    line = re.compile(r'^PM_SERIES\((\w+), (\w+), (\w+), "(\w+)", '
                      r'(?:"(\w*)"|NULL), \w+\([^)]*\), "([^"]*)", "([^"]*)"\)', re.M)
    text = read("plugin", "series.def")
    found = line.findall(text)
    assert len(found) == text.count("\nPM_SERIES("), "a line that cannot be read"
    return found


PLUGINS = {"SYSTEM": "procman_system", "SENSOR": "procman_system",
           "DISK": "procman_disk", "GROUP": "procman",
           "PROCESS": "procman_process", "JOB": "procman_job", "SELF": "procman_self"}


def series_faults(manual):
    """Each series is an =item below the =head2 of its plugin, and the
    paragraph behind it has unit and definition word for word."""
    sections = {}
    for part in re.split(r"^=head2 ", manual, flags=re.M)[1:]:
        title, body = part.split("\n", 1)
        for plugin in re.findall(r"C<(procman\w*)>", title):
            sections[plugin] = sections.get(plugin, "") + re.split(r"^=head1 ", body, flags=re.M)[0]
    for scope, level, _, kind, instance, unit, what in series():
        name = kind + ("-" + instance if instance else "")
        if scope == "SENSOR":
            name = "temperature-I<CHIP>-I<LABEL>"
        want = f"=item C<{name}> ({unit})" + (", I<full>" if level == "FULL" else "")
        body = sections.get(PLUGINS[scope], "")
        if want not in body:
            yield f"{PLUGINS[scope]}: no line \"{want}\""
        elif what not in " ".join(body.split(want, 1)[1].split("=item")[0].split()):
            yield f"{PLUGINS[scope]}/{name} is not defined as in series.def: {what}"


def option_faults(manual):
    told = set(re.findall(r"^=item B<(\w+)>", manual, re.M))
    told |= set(re.findall(r"^=item E<lt>B<(\w+)>", manual, re.M))
    known = options()
    for name in sorted(known - told):
        yield f"the manual does not have the option {name}"
    for name in sorted(told - known):
        yield f"the manual has an option {name} that does not exist"


def example_faults():
    known = options()
    for name in ("conf/procman.conf", "README.md"):
        text = read(*name.split("/"))
        for block in re.findall(r"<Plugin procman>(.*?)</Plugin>", text, re.S):
            for word in re.findall(r"^\s*#?\s?<?([A-Z]\w+) ?\S", block, re.M):
                line = re.search(rf"^\s*#?\s?<?{word}\b.*$", block, re.M)[0]
                is_prose = re.match(r"^\s*# ", line)
                if word not in known and not is_prose:
                    yield f"{name} has an option {word} that does not exist"


# ---- the wire ----

METHOD_DEF = re.compile(r'^PM_METHOD\((\w+), \w+, \w+, "([^"]*)"\)(.*?)^PM_METHOD_END', re.M | re.S)
PARAM = re.compile(r'PM_PARAM\("([^"]+)", (\w+), (\w+), [^"]*"([^"]*)"\)')
RESULT = re.compile(r'PM_RESULT\("([^"]+)", "([^"]+)", "([^"]*)"\)')


def methods():
    text = read("control", "wire", "method.def")
    found = METHOD_DEF.findall(text)
    assert len(found) == text.count("\nPM_METHOD("), "a method that cannot be read"
    return found


def item_fault(section, title, what):
    """An =item that begins with the title, and the words of it behind."""
    for part in section.split("=item ")[1:]:
        line, _, body = part.partition("\n")
        if line.startswith(title) and what in " ".join(body.split()):
            return None
    return f'no "=item {title}" with the words of method.def: {what}'


def method_faults(page):
    sections = dict(part.split("\n", 1) for part in re.split(r"^=head2 ", page, flags=re.M)[1:])
    for name, what, body in methods():
        section = sections.get(name, "")
        if what not in section:
            yield f"procman-protocol: {name} is not there as in method.def: {what}"
        faults = [item_fault(section, f"B<{param}> (", words)
                  for param, _, _, words in PARAM.findall(body)]
        faults += [item_fault(section, f"C<{result}> ({kind})", words)
                   for result, kind, words in RESULT.findall(body)]
        yield from (f"procman-protocol, {name}: {fault}" for fault in faults if fault)


def job_faults(page):
    """Job has in the page what the server writes and describes."""
    text = read("control", "methods", "job_view.c").split("members[] = {")[1].split("\n};")[0]
    found = re.findall(r'\{"([\w.]+)", "(\w+)",\s+((?:"[^"]*"\s*)+),', text)
    assert len(found) == text.count('    {"') > 25, "a member that cannot be read"
    section = page.split("\n=head2 Job\n", 1)[-1].split("\n=head1 ", 1)[0]
    for name, kind, what in found:
        words = "".join(re.findall(r'"([^"]*)"', what))
        fault = item_fault(section, f"C<{name}> ({kind})", words)
        if fault:
            yield f"procman-protocol, Job: {fault}"


def golden_faults(page):
    folder = os.path.join(SRC, "tests", "data", "wire")
    for name in sorted(os.listdir(folder)):
        lines = read("tests", "data", "wire", name).splitlines()
        if "".join(f"    {line}\n" for line in lines) not in page:
            yield f"procman-protocol: {name} does not stand there word for word"
    told = {name.split(".")[0] for name in os.listdir(folder)}
    for name, _, _ in methods():
        if name not in told:
            yield f"tests/data/wire has nothing for {name}"


def command_faults(page):
    folder = os.path.join(SRC, "control", "cli")
    option = re.compile(r"^    \{'(\w)', \"([\w-]+)\"", re.M)
    for name in sorted(os.listdir(folder)):
        text = read("control", "cli", name)
        command = re.search(r'^    \.name = "([\w-]+)"', text, re.M)
        if command and f"=item B<{command[1]}>" not in page:
            yield f"procmanctl: no command {command[1]}"
        if name == "procmanctl.c":
            wanted = [f"B<-{c}>, B<--{word}>" for c, word in option.findall(text)]
        else:
            wanted = [f"B<-{c}>" for c, _ in option.findall(text)]
        section = page
        if command:
            section = page.split(f"=item B<{command[1]}>", 1)[-1].split("\n", 1)[0]
        for words in wanted:
            if words not in section:
                yield f"procmanctl, {name}: no option {words}"


def main():
    manual = read("plugin", "collectd-procman.pod")
    faults = (list(series_faults(manual)) + list(option_faults(manual)) +
              list(example_faults()))
    protocol = read("control", "procman-protocol.pod")
    faults += list(method_faults(protocol)) + list(golden_faults(protocol))
    faults += list(job_faults(protocol))
    faults += list(command_faults(read("control", "procmanctl.pod")))
    print("\n".join(faults) or f"{len(series())} series, {len(options())} options "
          f"and {len(methods())} methods are documented")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
