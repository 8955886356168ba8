"""What is on a machine's disk, and what a package has left there."""
import hashlib
import os

# What apt and dpkg keep of every package, what collectd stores, what time brings,
# and the test's own.
BOOKS = ("/proc", "/sys", "/dev", "/run", "/tmp", "/var/cache/apt", "/var/cache/debconf",
         "/var/cache/ldconfig", "/var/cache/man", "/var/lib/apt", "/var/lib/dpkg",
         "/var/lib/systemd", "/var/lib/collectd", "/var/log/apt", "/var/log/dpkg.log",
         "/var/log/journal", "/var/log/wtmp", "/var/log/lastlog", "/var/tmp",
         "/etc/ld.so.cache", "/var/log/alternatives.log", "/var/log/faillog",
         "/var/log/btmp", "/root")
# Documented in README.Debian: the group, and what systemd-sysusers(8) and
# usermod(8) write with it.
GROUP = ("/etc/group", "/etc/gshadow")
BACKUPS = ("/etc/.pwd.lock", "/etc/group-", "/etc/gshadow-")


def files(root):
    """{path: what it is}; of /etc also the contents."""
    found = {}
    for where, folders, names in os.walk(root):
        inside = where[len(root):] or "/"
        folders[:] = [n for n in folders if os.path.join(inside, n) not in BOOKS]
        for name in folders + names:
            path = os.path.join(inside, name)
            if path not in BOOKS:
                found[path] = describe(os.path.join(where, name), inside.startswith("/etc"))
    return found


def describe(path, also_contents):
    s = os.lstat(path)
    contents = ""
    if os.path.islink(path):
        contents = os.readlink(path)
    elif also_contents and os.path.isfile(path):
        with open(path, "rb") as f:
            contents = hashlib.sha256(f.read()).hexdigest()
    return oct(s.st_mode), s.st_uid, s.st_gid, contents


def left(before, after):
    """Paths that came, went or changed, but for the group."""
    changed = {path for path in before.keys() | after.keys()
               if before.get(path) != after.get(path)}
    return sorted(changed - set(GROUP) - set(BACKUPS))


def lines_but_group(text):
    return [line for line in text.splitlines() if not line.startswith("procman:")]
