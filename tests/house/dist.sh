#!/bin/sh
# `make dist` of the same sources gives the same bytes: here, and of what it has made
# in another folder with another umask, where every file was touched.  Its SBOM fits.
set -eu
top=$(cd "$PM_SRC" && pwd)
[ -x "$top/configure" ] && [ ! -e "$top/config.status" ] ||
    { echo "the sources are not configured elsewhere"; exit 77; }
place=$(mktemp -d)
trap 'chmod -R u+w "$place"; rm -rf "$place"' EXIT
export SOURCE_DATE_EPOCH=1700000000
version=$(sed -n 's/^AC_INIT(\[procman\],\[\(.*\)\])$/\1/p' "$top/configure.ac")
name=procman-$version

dist() { # SOURCES
    { "$1/configure" COLLECTD= CC="$PM_CC" && make dist; } >log 2>&1 || { tail -n 30 log; exit 1; }
}

mkdir "$place/first" "$place/unpacked"
cd "$place/first"
dist "$top"
umask 077
tar --no-same-permissions -xzf "$name.tar.gz" -C "$place/unpacked"
find "$place/unpacked" -exec touch -d @1600000000 {} +
mkdir "$place/unpacked/$name/build"
cd "$place/unpacked/$name/build"
dist "$place/unpacked/$name"
for made in "$name.tar.gz" "$name.spdx.json"; do
    cmp "$made" "$place/first/$made" || exit 1
done
"${PYTHON:-python3}" "$top/tests/house/sbom.py" "$name.tar.gz" "$name.spdx.json"
echo "the same bytes twice: $(sha256sum <"$name.tar.gz")"
