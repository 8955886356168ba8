#!/usr/bin/python3
"""The SBOM of a release has what SPDX 2.3 demands, each file of the tarball once
with its sums, and no licence that SPDX does not know.
    sbom.py TARBALL SBOM"""
import hashlib
import json
import re
import sys
import tarfile

# clauses 6 to 11 of the specification: what is mandatory, and its form
ID = r"SPDXRef-[A-Za-z0-9.-]+"
WHEN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
LICENCES = {"MIT", "ISC", "X11", "FSFUL", "FSFULLR", "FSFULLRWD", "BSD-2-Clause",
            "Apache-2.0", "LGPL-2.1-only", "LGPL-2.1-or-later", "GPL-2.0-only",
            "GPL-2.0-or-later", "GPL-3.0-or-later"}
EXCEPTIONS = {"Libtool-exception", "Autoconf-exception-generic",
              "Autoconf-exception-generic-3.0"}
PURPOSES = {"APPLICATION", "FRAMEWORK", "LIBRARY", "SOURCE", "ARCHIVE", "FILE", "INSTALL"}
KINDS = {"SOURCE", "TEXT", "DOCUMENTATION", "BINARY", "ARCHIVE", "OTHER"}
RELATIONS = {"DESCRIBES", "CONTAINS", "DYNAMIC_LINK", "STATIC_LINK", "TEST_DEPENDENCY_OF",
             "RUNTIME_DEPENDENCY_OF"}
FORM = {
    "document": {"spdxVersion": "SPDX-2\\.3", "dataLicense": "CC0-1\\.0",
                 "SPDXID": "SPDXRef-DOCUMENT", "name": r"\S+",
                 "documentNamespace": r"https?://[^#\s]+"},
    "package": {"SPDXID": ID, "name": r"\S+", "downloadLocation": r"NOASSERTION|NONE|\S+://\S+"},
    "file": {"SPDXID": ID, "fileName": r"\./[^/].*"},
    "relationship": {"spdxElementId": ID, "relatedSpdxElement": ID, "relationshipType": r"[A-Z_]+"},
}
faults = []


def expect(holds, what):
    if not holds:
        faults.append(what)


def check_form(kind, item):
    for name, form in FORM[kind].items():
        expect(isinstance(item.get(name), str) and re.fullmatch(form, item[name]),
               f"{kind} {item.get('name', item.get('fileName', ''))}: {name} is "
               f"{item.get(name)!r}")


def check_licence(where, text):
    if text == "NOASSERTION":
        return
    for part in re.split(r" AND | OR ", re.sub(r"[()]", "", text)):
        licence, _, exception = part.partition(" WITH ")
        expect(licence in LICENCES and (not exception or exception in EXCEPTIONS),
               f"{where}: SPDX has no licence {part!r}")


def check_document(d):
    check_form("document", d)
    info = d.get("creationInfo", {})
    expect(re.fullmatch(WHEN, info.get("created", "")), "creationInfo: created")
    expect(info.get("creators") and all(re.match("(Tool|Organization|Person): .", c)
                                        for c in info["creators"]), "creationInfo: creators")
    ids = [x["SPDXID"] for x in [d] + d["packages"] + d["files"]]
    expect(len(ids) == len(set(ids)), "an SPDXID is there twice")
    for r in d["relationships"]:
        check_form("relationship", r)
        expect(r["relationshipType"] in RELATIONS, f"relationship {r['relationshipType']}")
        expect({r["spdxElementId"], r["relatedSpdxElement"]} <= set(ids), f"dangling: {r}")
    return {(r["spdxElementId"], r["relationshipType"], r["relatedSpdxElement"])
            for r in d["relationships"]}


def check_packages(d, relations, tarball):
    for p in d["packages"]:
        check_form("package", p)
        for name in ("licenseConcluded", "licenseDeclared"):
            check_licence(p["name"], p[name])
        expect(p.get("primaryPackagePurpose", "SOURCE") in PURPOSES, f"{p['name']}: purpose")
        own = p["SPDXID"] == "SPDXRef-Package"
        expect(p["filesAnalyzed"] is own, f"{p['name']}: filesAnalyzed")
        expect(own or any(p["SPDXID"] in (a, b) for a, _, b in relations),
               f"{p['name']} has nothing to do with us")
    package = d["packages"][0]
    with open(tarball, "rb") as f:
        data = f.read()
    check_sums(tarball, package["checksums"], data)
    expect(("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Package") in relations, "DESCRIBES")
    return package


def check_sums(what, checksums, data):
    known = {c["algorithm"]: c["checksumValue"] for c in checksums}
    expect(known == {"SHA1": hashlib.sha1(data).hexdigest(),
                     "SHA256": hashlib.sha256(data).hexdigest()}, f"{what}: checksums")


def check_files(d, package, relations, tarball):
    files = {f["fileName"]: f for f in d["files"]}
    with tarfile.open(tarball) as tar:
        members = {"./" + m.name.split("/", 1)[1]: tar.extractfile(m).read()
                   for m in tar if m.isfile()}
    expect(len(files) == len(d["files"]), "a file is there twice")
    expect(files.keys() == members.keys(), f"not the files of the tarball: "
           f"{sorted(files.keys() ^ members.keys())}")
    for name in files.keys() & members.keys():
        f = files[name]
        check_form("file", f)
        check_sums(name, f["checksums"], members[name])
        check_licence(name, f["licenseConcluded"])
        expect(set(f["fileTypes"]) <= KINDS, f"{name}: fileTypes")
        expect(("SPDXRef-Package", "CONTAINS", f["SPDXID"]) in relations, f"{name}: no CONTAINS")
    sums = sorted(hashlib.sha1(data).hexdigest() for data in members.values())
    expect(package["packageVerificationCode"]["packageVerificationCodeValue"]
           == hashlib.sha1("".join(sums).encode()).hexdigest(), "packageVerificationCode")
    return len(files)


def main():
    tarball, sbom = sys.argv[1:]
    with open(sbom, encoding="utf-8") as f:
        d = json.load(f)
    relations = check_document(d)
    count = check_files(d, check_packages(d, relations, tarball), relations, tarball)
    print(f"SPDX 2.3: {len(d['packages'])} packages, {count} files, "
          f"{len(relations)} relationships")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
