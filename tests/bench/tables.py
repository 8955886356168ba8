"""The tables and verdicts of a report, in Markdown that reads well on a
terminal too."""

from cost import mid
from machine import ms

# the budgets
PEER_BUDGET = 100  # x procman: collectd's processes, at BUDGET_SIZE
FLOOR_BUDGET = 1.2  # x floor, by the sampler proc
LINEAR_BUDGET = 1.1  # growth per process, beyond what /proc's own grows
BYTES_BUDGET = 300  # resident, per process
CHARGED_BUDGET = 99.9  # %
BUDGET_SIZE = 10000

# the floor's max/min beyond which the report warns
RESTLESS = 1.3


def markdown(rows):
    left = {rows[0].index("what")}
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]

    def line(row):
        cells = [cell.ljust(w) if i in left else cell.rjust(w)
                 for i, (cell, w) in enumerate(zip(row, widths))]
        return "| " + " | ".join(cells) + " |"

    rule = ["-" * w if i in left else "-" * (w - 1) + ":"
            for i, w in enumerate(widths)]
    return "\n".join([line(rows[0]), line(rule), *map(line, rows[1:])])


def number(value, digits=2):
    return "–" if value is None else f"{value:.{digits}f}"


# ---- cost ----


def cost_row(size, name, ns, to_floor, to_procman):
    return [size.what, f"{size.interval:g}", name, ms(mid(ns)), ms(min(ns)),
            ms(max(ns)), str(len(ns)), number(to_floor), number(to_procman)]


def cost_table(sizes):
    rows = [["crowd", "interval s", "what", "median ms", "min", "max",
             "intervals", "/ floor", "/ procman"]]
    for size in sizes:
        rows.append(cost_row(size, "floor", size.floor, 1, None))
        for reader, writer in size.taken:
            idle = reader == "idle"
            rows.append(cost_row(
                size, f"{reader}, {writer}" if writer else reader,
                size.ns(reader, writer),
                None if idle else size.to_floor(reader, writer),
                None if idle else size.to_procman(reader, writer)))
    return markdown(rows)


# ---- memory ----


def per_process(first, size, what, key):
    """Growth from the smallest number of processes to this one."""
    low, high = first.median(what, *key), size.median(what, *key)
    if size is first or low is None or high is None:
        return None
    return (high - low) / (size.processes() - first.processes())


def memory_table(sizes):
    rows = [["crowd", "what", "RSS kB", "PSS kB", "RSS bytes/process",
             "BPF maps kB", "page tables kB", "descriptors"]]
    for size in sizes:
        for key in size.taken:
            if key[1] == "csv":
                continue
            rows.append(
                [size.what, key[0]]
                + [f"{size.median(w, *key) / 1024:.0f}" for w in ("rss", "pss")]
                + [number(per_process(sizes[0], size, "rss", key), 0)]
                + [f"{size.median(w, *key) / 1024:.0f}"
                   for w in ("maps", "tables")]
                + [f"{size.median('files', *key):.0f}"])
    return markdown(rows)


# ---- short-lived processes ----


def storm_table(storms):
    rows = [["what", "children", "children/s", "CPU s of wait4", "charged s",
             "charged %"]]
    for s in storms:
        rows.append([s.who, str(s.children), f"{s.children / s.seconds:.0f}",
                     f"{s.used:.3f}", number(s.charged, 3),
                     number(s.percent())])
    return markdown(rows)


# ---- verdicts ----


def verdict(holds, text):
    return f"{'kept' if holds else 'MISSED'}: {text}"


def peer_verdict(size):
    ratio = size.to_procman("processes", "network")
    if ratio is None:
        return []
    return [verdict(ratio >= PEER_BUDGET,
                    f"at {size.wanted} processes the plugin processes costs "
                    f"{ratio:.0f} x procman (budget {PEER_BUDGET})")]


def floor_verdict(size):
    if not size.ratios["procman, proc", "network"]:
        return []
    ratio = size.to_floor("procman, proc", "network")
    return [verdict(ratio <= FLOOR_BUDGET,
                    f"at {size.wanted} processes the sampler proc costs "
                    f"{ratio:.2f} x floor (budget {FLOOR_BUDGET})")]


def growth_verdict(sizes, reader):
    """/proc itself does not grow quite linearly; that is not procman's."""
    able = [s for s in sizes if s.ratios[reader, "network"]]
    if len(able) < 2:
        return []
    low, high = able[-2], able[-1]
    each = [mid(s.ns(reader, "network")) / s.processes() * 1000
            for s in (low, high)]
    growth = each[1] / each[0]
    if reader != "procman":
        growth = high.to_floor(reader, "network") / low.to_floor(
            reader, "network")
    return [verdict(
        growth <= LINEAR_BUDGET,
        f"per 1000 processes {reader} costs {each[0] / 1e6:.2f} ms at "
        f"{low.wanted} and {each[1] / 1e6:.2f} ms at {high.wanted}: x "
        f"{growth:.2f} (budget {LINEAR_BUDGET})")]


def memory_verdict(sizes):
    """The rows that the kernel writes are counted with the kernel's."""
    growth = [per_process(sizes[0], sizes[-1], what, ("procman", "network"))
              for what in ("rss", "maps")]
    if None in growth:
        return []
    own = growth[0] - growth[1]
    return [verdict(
        own <= BYTES_BUDGET,
        f"{own:.0f} bytes of its own resident per process from "
        f"{sizes[0].wanted} to {sizes[-1].wanted} (budget {BYTES_BUDGET}), "
        f"and {growth[1]:.0f} of the kernel's")]


def charged_verdict(storms):
    return [verdict(s.percent() >= CHARGED_BUDGET,
                    f"{s.who} charges {s.percent():.2f} % of the CPU of "
                    f"short-lived processes to their name (budget "
                    f"{CHARGED_BUDGET})")
            for s in storms if s.who == "procman" and s.percent()]


def verdicts(sizes, storms):
    lines = []
    for size in sizes:
        if size.wanted == BUDGET_SIZE:
            lines += peer_verdict(size) + floor_verdict(size)
    for reader in ("procman", "procman, proc"):
        lines += growth_verdict(sizes, reader)
    return lines + (memory_verdict(sizes) if sizes else []) + charged_verdict(
        storms)


def notes(sizes):
    lines = []
    for size in sizes:
        if size.floor and max(size.floor) > RESTLESS * min(size.floor):
            lines.append(
                f"note: {size.what}: the machine was not quiet, the floor "
                f"went from {ms(min(size.floor))} to {ms(max(size.floor))} "
                "ms; look at the ratios")
        lines += [f"not measured: {size.what}: {why}" for why in size.failed]
        for (reader, _), taken in size.taken.items():
            lines += [f"note: {size.what}, {reader}: {note}"
                      for note in sorted({t.note for t in taken}) if note]
    return lines
