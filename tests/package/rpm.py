"""The spec: rpmlint finds nothing in it, and the packages that rpmbuild makes of the
tarball have all that `make install` installs."""
import glob
import os

from chroot import run

# What Fedora's and openSUSE's macro packages define, and Debian's rpm does not.
MACROS = {"_sysusersdir": "/usr/lib/sysusers.d", "_tmpfilesdir": "/usr/lib/tmpfiles.d",
          "python3_sitelib": "/usr/lib/python3/site-packages", "pycached": "%{nil}",
          "_smp_build_ncpus": "2"}


def lint(sources):
    folder = os.path.join(sources, "conf", "release")
    said = run(["rpmlint", "-c", f"{folder}/rpmlint.toml", f"{folder}/procman.spec"])[1]
    assert "1 specfiles checked; 0 errors, 0 warnings" in said, said
    return "rpmlint: 0 errors, 0 warnings in the spec"


def build(place, tarball):
    """rpmbuild fails where a file of %files is missing, or an installed one is in no
    package.  Its tests are those of Debian's build."""
    defined = [word for macro in {"_topdir": place, **MACROS}.items()
               for word in ("--define", " ".join(macro))]
    run(["rpmbuild", "-tb", "--nodeps", "--nocheck", *defined, tarball], timeout=1200)
    made = sorted(glob.glob(f"{place}/RPMS/*/*.rpm"))
    names = [os.path.basename(path).split("-0")[0] for path in made]
    assert names == ["collectd-procman", "procman-client"], made
    files = [len(run(["rpm", "-qlp", path])[1].splitlines()) for path in made]
    return f"rpmbuild: {names[0]} of {files[0]} files and folders, {names[1]} of {files[1]}"
