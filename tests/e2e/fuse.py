"""Programs of this folder that mount a FUSE file system and make others hang."""
import os
import shutil
import signal
import subprocess

from harness import BUILD, folder, skip

NOBODY = 65534


class Fuse:
    """PROGRAM DEVICE FOLDER args… [userns], as nobody where it is allowed to
    make a user namespace (a chroot forbids it), else mounted by root.  Its
    first line is "SERVER-PID PID"."""

    def __init__(self, program, *args):
        self.pids, self.args = [], args
        self.dir = folder("procman-fuse-")
        self.device = self.prepare_device()
        self.mount = os.path.join(self.dir, "mnt")
        os.mkdir(self.mount)
        shutil.copy(os.path.join(BUILD, "tests", "e2e", program),
                    os.path.join(self.dir, "pm" + program))
        self.program = "./pm" + program
        self.start()

    def prepare_device(self):
        # as udev makes it; one of our own does not work where nodev is mounted
        usual = os.path.exists("/dev/fuse") and os.stat("/dev/fuse").st_mode & 6 == 6
        if os.geteuid() != 0 or usual:
            return "/dev/fuse"
        path = os.path.join(self.dir, "fuse")
        os.mknod(path, 0o020666, os.makedev(10, 229))
        os.chmod(path, 0o666)
        return path

    def start(self):
        why = self.try_start(True)
        if why and os.geteuid() == 0:
            why = self.try_start(False)
        if why:
            shutil.rmtree(self.dir, ignore_errors=True)
            skip("cannot mount FUSE here: " + why)

    def try_start(self, userns):
        def become():
            if os.geteuid() == 0 and userns:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
        command = [self.program, self.device, self.mount, *self.args]
        p = subprocess.Popen(command + ["userns"] * userns, cwd=self.dir,
                             text=True, preexec_fn=become, bufsize=1,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        line = p.stdout.readline()
        if not line:
            p.wait()
            return p.stderr.read().strip()
        self.process, self.pids = p, [int(n) for n in line.split()]
        return None

    def do(self, what):
        """What the program says to a line."""
        self.process.stdin.write(what + "\n")
        return self.process.stdout.readline().strip()

    def end(self):
        """Nothing hangs any more."""
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        shutil.rmtree(self.dir, ignore_errors=True)
