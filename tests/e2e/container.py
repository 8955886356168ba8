"""A Debian with systemd that systemd-nspawn boots."""
import os
import subprocess

from harness import wait_for


class Container:
    """network: "host" for this machine's; otherwise it has none."""

    def __init__(self, root, network="none"):
        self.root, self.network = root, network
        self.nspawn = self.init = None

    def outside(self, path):
        """Of what it has on its disk."""
        return os.path.join(self.root, path.lstrip("/"))

    def inside(self, path):
        """Of all that it sees."""
        return f"/proc/{self.init}/root{path}"

    def __enter__(self):
        # cgroup2 alone, as Debian 12 has it, whatever this machine has
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit",
             *(["--private-network"] if self.network == "none" else []),
             "--console=pipe", "-D", self.root],
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.init = wait_for("systemd", self.find_init)
        wait_for("its start", lambda: self.run("systemctl", "is-system-running", check=False)
                 .strip() in ("running", "degraded"))
        return self

    def __exit__(self, *_):
        self.run("systemctl", "poweroff", check=False)
        try:
            self.nspawn.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.nspawn.kill()
            raise

    def find_init(self):
        assert self.nspawn.poll() is None, "systemd-nspawn has ended"
        pid = self.nspawn.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            for child in f.read().split():
                with open(f"/proc/{child}/comm", encoding="ascii") as comm:
                    if comm.read() == "systemd\n":
                        return int(child)
        return None

    def run(self, *args, check=True, timeout=120):
        p = subprocess.run(["nsenter", "-t", str(self.init), "-m", "-u", "-i", "-n", "-p", "-C",
                            *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           timeout=timeout, check=False)
        assert not check or p.returncode == 0, (args, p.returncode, p.stdout, p.stderr)
        return p.stdout
