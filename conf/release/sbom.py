#!/usr/bin/python3
"""sbom.py procman-VERSION.tar.gz: what a release consists of and what it needs, as
SPDX 2.3 in JSON.  Everything is read from the tarball, so that the same one gives
the same bytes."""
import datetime
import hashlib
import json
import re
import sys
import tarfile

OURS = "MIT"
# What autoreconf adds, whose licences are told by its words: the first that fits, of
# the GPL and of the others.
GENERATED = re.compile(r"^(configure|aclocal\.m4|Makefile\.in|build-aux/.*|m4/.*)$")
GPL = (
    ("version 3 of the License", "special exception",
     "GPL-3.0-or-later WITH Autoconf-exception-generic-3.0"),
    ("special exception", "GNU Libtool", "GPL-2.0-or-later WITH Libtool-exception"),
    ("special exception", "Autoconf", "GPL-2.0-or-later WITH Autoconf-exception-generic"),
)
OTHER = (
    ("X CONSORTIUM", "", "X11"),
    ("unlimited permission to copy and/or distribute", "WITHOUT ANY WARRANTY", "FSFULLRWD"),
    ("unlimited permission to copy and/or distribute", "with or without modifications",
     "FSFULLR"),
    ("unlimited permission to copy, distribute and modify it", "", "FSFUL"),
)
TAG = re.compile(r"^\W*SPDX-License-Identifier: \(?([\w. -]+?)\)?(?: \*/)?$", re.M)
RENAMED = {"LGPL-2.1": "LGPL-2.1-only"}
# What configure.ac asks pkg-config for: licence, and what it is to us
MODULES = {
    "yajl": ("ISC", "DYNAMIC_LINK"),
    "libbpf": ("LGPL-2.1-only OR BSD-2-Clause", "DYNAMIC_LINK"),
    "cmocka": ("Apache-2.0", "TEST_DEPENDENCY_OF"),
}
# and what pkg-config does not know
WITHOUT_MODULE = {
    "collectd": ("MIT AND GPL-2.0-only", "RUNTIME_DEPENDENCY_OF"),
    "glibc": ("LGPL-2.1-or-later", "STATIC_LINK"),  # procman-keep, where it can be
}


def licence_of(name, text):
    if not GENERATED.match(name):
        found = TAG.search(text)
        return " ".join(RENAMED.get(w, w) for w in found[1].split()) if found else OURS
    words = " ".join(re.sub(r"^\s*(?:#|dnl)+", "", text, flags=re.M).split())
    told = [next((licence for first, then, licence in table
                  if first in words and then in words), None) for table in (OTHER, GPL)]
    return " AND ".join(filter(None, told)) or "NOASSERTION"


def sums(data, *names):
    return [{"algorithm": name.upper(), "checksumValue": hashlib.new(name, data).hexdigest()}
            for name in names]


def kind_of(name):
    if re.search(r"\.(c|h|def|py|sh|am|ac|m4|mk)$|^configure$", name):
        return "SOURCE"
    return "DOCUMENTATION" if name.endswith((".md", ".pod")) else "TEXT"


def read(path):
    """{name below the top folder: bytes}, and the time of all."""
    found, times = {}, set()
    with tarfile.open(path) as tar:
        for member in tar:
            times.add(member.mtime)
            if member.isfile():
                found[member.name.split("/", 1)[1]] = tar.extractfile(member).read()
    assert len(times) == 1, f"{path} has files of {len(times)} times"
    return found, times.pop()


def file_of(number, name, data):
    licence = licence_of(name, data.decode("utf-8", "replace"))
    return {"SPDXID": f"SPDXRef-File-{number}", "fileName": f"./{name}",
            "fileTypes": [kind_of(name)], "checksums": sums(data, "sha1", "sha256"),
            "licenseConcluded": licence, "licenseInfoInFiles": parts_of(licence),
            "copyrightText": "NOASSERTION"}


def parts_of(licence):
    return sorted(set(re.split(r" (?:AND|OR) ", licence)))


def together(licences):
    """One expression; what it names as OR stays together."""
    known = {part for x in licences for part in x.split(" AND ")} - {"NOASSERTION"}
    return " AND ".join(f"({x})" if " OR " in x else x for x in sorted(known))


def verification_code(files):
    listed = sorted(f["checksums"][0]["checksumValue"] for f in files)
    return hashlib.sha1("".join(listed).encode()).hexdigest()


def ours(tarball, name, version, data, files):
    licences = [f["licenseConcluded"] for f in files]
    return {"SPDXID": "SPDXRef-Package", "name": name, "versionInfo": version,
            "packageFileName": tarball, "supplier": "Organization: procman authors",
            "downloadLocation": "NOASSERTION", "filesAnalyzed": True,
            "packageVerificationCode": {"packageVerificationCodeValue": verification_code(files)},
            "checksums": sums(data, "sha1", "sha256"),
            "licenseConcluded": together(licences), "licenseDeclared": OURS,
            "licenseInfoFromFiles": sorted({p for x in licences for p in parts_of(x)}),
            "copyrightText": "Copyright (c) 2026 the procman authors",
            "primaryPackagePurpose": "SOURCE"}


def dependencies(configure_ac):
    """Packages and their relationships.  The versions are those that are needed."""
    asked = dict(re.findall(r"PKG_CHECK_MODULES\(\[\w+\], \[(\w+) >= ([\d.]+)\]", configure_ac))
    assert asked.keys() == MODULES.keys(), f"configure.ac asks for {sorted(asked)}"
    for name, (licence, relation) in sorted({**MODULES, **WITHOUT_MODULE}.items()):
        package = {"SPDXID": f"SPDXRef-{name}", "name": name,
                   "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
                   "licenseConcluded": "NOASSERTION", "licenseDeclared": licence,
                   "copyrightText": "NOASSERTION"}
        if name in asked:
            package["versionInfo"] = f">= {asked[name]}"
        ends = ("SPDXRef-Package", package["SPDXID"])
        ends = ends[::-1] if relation.endswith("_OF") else ends
        yield package, relate(ends[0], relation, ends[1])


def relate(one, kind, other):
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def document(tarball, data, contents, when):
    name, version = re.fullmatch(r"(\w+)-([\w.]+)\.tar\.gz", tarball).groups()
    files = [file_of(n, *item) for n, item in enumerate(sorted(contents.items()), 1)]
    package = ours(tarball, name, version, data, files)
    needed = list(dependencies(contents["configure.ac"].decode()))
    created = datetime.datetime.fromtimestamp(when, datetime.timezone.utc)
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{name}-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{version}-"
                             + package["checksums"][0]["checksumValue"],
        "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "creators": ["Organization: procman authors", "Tool: sbom.py"]},
        "packages": [package] + [p for p, _ in needed], "files": files,
        "relationships": [relate("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Package")]
        + [relation for _, relation in needed]
        + [relate("SPDXRef-Package", "CONTAINS", f["SPDXID"]) for f in files]}


def main():
    path = sys.argv[1]
    contents, when = read(path)
    with open(path, "rb") as f:
        data = f.read()
    json.dump(document(path.rsplit("/", 1)[-1], data, contents, when), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
