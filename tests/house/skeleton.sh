#!/bin/sh
# The committed programs for the kernel are those of the committed sources: by
# the sources' hash, and where there is the same clang, by their bytes.
set -eu
cd "${PM_SRC:-.}"
room=plugin/core/sampler/bpf
skeleton=$room/task.skel.h
sources="$room/task.bpf.c $room/death.h $room/kernel.bpf.h $room/memory.bpf.h $room/number.bpf.h $room/owner.bpf.h $room/parts.bpf.h $room/process.bpf.h $room/use.bpf.h $room/task.h"
fault() {
    echo "$skeleton is stale, $*: make -C build skeleton"
    exit 1
}
said() { sed -n "1,2s,.* $1: \(.*[^ */]\).*,\1,p" "$skeleton"; }

# shellcheck disable=SC2086
hash=$(cat $sources | sha256sum | cut -d' ' -f1)
[ "$(said Sources)" = "$hash" ] || fault "its sources have changed"
echo "made of the sources as they are"
command -v clang >/dev/null || { echo "not made again: clang is not installed"; exit 0; }
compiler=$(clang --version | head -n 1)
[ "$(said Compiler)" = "$compiler" ] || {
    echo "not made again: by $(said Compiler), and here is $compiler"
    exit 0
}
command -v bpftool >/dev/null || {
    echo "SKIP: made again it would be compared, but bpftool is not installed"
    [ "${PM_STRICT-}" = 1 ] && exit 99
    exit 77
}
made=$(mktemp)
trap 'rm -f "$made"' EXIT
# shellcheck disable=SC2086
"$room/skeleton" $sources >"$made"
cmp -s "$made" "$skeleton" || fault "its bytes differ"
echo "made again, to the same bytes"
