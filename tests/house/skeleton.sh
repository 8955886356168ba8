#!/bin/sh
# The committed programs for the kernel are those of the committed sources: by
# the sources' hash, and where there is the same clang, by their bytes.
set -eu
cd "${PM_SRC:-.}/plugin/core/sampler/bpf"
fault() {
    echo "$skeleton is stale, $*: make -C build skeleton"
    exit 1
}
said() { sed -n "1,2s,.* $1: \(.*[^ */]\).*,\1,p" "$skeleton"; }

missing=
made=$(mktemp)
trap 'rm -f "$made"' EXIT
for source in *.bpf.c; do
    name=${source%.bpf.c} skeleton=${source%.bpf.c}.skel.h
    hash=$(cat "$source" ./*.bpf.h task.h death.h | sha256sum | cut -d' ' -f1)
    [ "$(said Sources)" = "$hash" ] || fault "its sources have changed"
    echo "$skeleton: made of the sources as they are"
    command -v clang >/dev/null || { echo "not made again: clang is not installed"; continue; }
    compiler=$(clang --version | head -n 1)
    [ "$(said Compiler)" = "$compiler" ] || {
        echo "not made again: by $(said Compiler), and here is $compiler"
        continue
    }
    command -v bpftool >/dev/null || { missing=bpftool; continue; }
    ./skeleton "$name" >"$made"
    cmp -s "$made" "$skeleton" || fault "its bytes differ"
    echo "made again, to the same bytes"
done
[ -z "$missing" ] || {
    echo "SKIP: made again it would be compared, but $missing is not installed"
    [ "${PM_STRICT-}" = 1 ] && exit 99
    exit 77
}
