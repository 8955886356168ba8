"""What a virtual machine boots: Debian's kernels from the archive with an
initramfs, and one root file system with our build and its tests.  Everything is
made in one folder, and what is there already is used again."""
import os
import pathlib
import re
import shutil
import subprocess

MIRROR = os.environ.get("PM_DEBIAN_MIRROR", "http://deb.debian.org/debian")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# what the tests run with; Debian 12, as the build is one of its
SUITE = "bookworm"
PACKAGES = ("collectd-core,libyajl2,libbpf1,libcmocka0,python3,python3-psutil,procps,"
            "iproute2,kmod")
# what is no part of these kernels, but would be loaded on a real machine
MODULES = ("virtio_pci", "virtio_blk", "ext4", "fuse", "unix_diag", "overlay")

INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /dev /root
/bin/busybox mount -t devtmpfs none /dev
for module in /modules/*; do /bin/busybox insmod $module; done
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /root
exec /bin/busybox switch_root /root /usr/bin/python3 /procman/tests/kernels/guest.py
"""


def run(*command, **options):
    try:
        return subprocess.run([str(word) for word in command], check=True,
                              capture_output=True, text=True, **options).stdout
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{' '.join(map(str, command))}: {error.stdout}{error.stderr}") from error


# ---- kernels ----

class Archive:
    """The packages of one suite, apart from those of this machine."""

    def __init__(self, folder, suite):
        self.folder = folder / "apt" / suite
        for name in ("lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "sources.list").write_text(
            f"deb [signed-by={KEYRING}] {MIRROR} {suite} main\n")
        (self.folder / "status").touch()
        self.options = [word for name, value in (
            ("Dir::Etc::SourceList", self.folder / "sources.list"),
            ("Dir::Etc::SourceParts", "-"),
            ("Dir::State::Lists", self.folder / "lists"),
            ("Dir::State::Status", self.folder / "status"),
            ("Dir::Cache", self.folder / "cache"),
            ("APT::Sandbox::User", "root")) for word in ("-o", f"{name}={value}")]
        run("apt-get", *self.options, "update")

    def needs(self, package):
        """Of a package, those that have a kernel or its modules."""
        text = run("apt-cache", *self.options, "depends", package)
        return re.findall(r"Depends: (linux-(?:image|binary|modules|base)-\d\S*)$", text, re.M)

    def kernel(self):
        """The packages of the newest one."""
        image = self.needs("linux-image-amd64")[0]
        return [image, *self.needs(image)]

    def unpack(self, packages, into):
        for package in packages:
            run("apt-get", *self.options, "download", package, cwd=self.folder)
        for file in self.folder.glob("*.deb"):
            run("dpkg-deb", "-x", file, into)
            file.unlink()


def find(tree, pattern):
    return sorted(path for path in tree.rglob(pattern) if path.is_file())


def module_files(tree, version):
    """In the order in which they must be loaded."""
    if not (tree / "lib").exists():
        (tree / "lib").symlink_to("usr/lib")
    run("depmod", "-b", tree, version)
    found = []
    for module in MODULES:
        text = run("modprobe", "-d", tree, "-S", version, "--show-depends", module)
        found += [line.split()[1] for line in text.splitlines() if line.startswith("insmod")]
    return list(dict.fromkeys(found))


def make_initramfs(tree, version, into):
    place = into / "initramfs"
    shutil.rmtree(place, ignore_errors=True)
    for name in ("bin", "modules"):
        (place / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), place / "bin" / "busybox")
    for number, file in enumerate(module_files(tree, version)):
        to = place / "modules" / f"{number:02}-{pathlib.Path(file).name}"
        shutil.copy(file, to)
        if to.suffix == ".xz":
            run("xz", "-d", to)
    (place / "init").write_text(INIT)
    (place / "init").chmod(0o755)
    names = run("find", ".", cwd=place)
    with open(into / "initrd", "wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=names.encode(),
                       stdout=out, cwd=place, check=True)
    shutil.rmtree(place)


def kernel(folder, suite):
    """The folder that has `vmlinuz` and `initrd` of the suite's kernel."""
    into = folder / "kernels" / suite
    if (into / "initrd").exists():
        return into
    tree = into / "tree"
    shutil.rmtree(into, ignore_errors=True)
    tree.mkdir(parents=True)
    archive = Archive(folder, suite)
    archive.unpack(archive.kernel(), tree)
    image = find(tree, "vmlinuz*")[0]
    version = find(tree, "modules.builtin")[0].parent.name
    shutil.copy(image, into / "vmlinuz")
    make_initramfs(tree, version, into)
    shutil.rmtree(tree)
    return into


# ---- the root file system ----

def base(folder):
    tree = folder / "base"
    if not (tree / "made").exists():
        shutil.rmtree(tree, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, tree, MIRROR)
        (tree / "made").touch()
    return tree


def wanted(path):
    """Programs and modules of a build, not what they were made of."""
    return path.suffix not in (".o", ".lo", ".la", ".a", ".log", ".trs", ".Plo", ".Po")


def copy_build(build, into):
    for path in build.rglob("*"):
        to = into / path.relative_to(build)
        if path.is_file() and wanted(path) and os.access(path, os.X_OK):
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)


def root(folder, source, build):
    """An ext4 image with Debian, the source's tests and the build."""
    image, tree = folder / "root.img", folder / "root"
    shutil.rmtree(tree, ignore_errors=True)
    run("cp", "-a", base(folder).resolve(), tree)
    ours = tree / "procman"
    ours.mkdir()
    for name in ("tests", "conf", "plugin", "control"):
        shutil.copytree(source / name, ours / name,
                        ignore=shutil.ignore_patterns("*.o", "__pycache__"))
    copy_build(build, ours / "build")
    (tree / "etc" / "hostname").write_text("guest\n")
    image.unlink(missing_ok=True)
    run("mke2fs", "-q", "-t", "ext4", "-d", tree, image, "2G")
    shutil.rmtree(tree)
    return image
