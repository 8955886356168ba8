#!/bin/sh
# Every header compiles alone; those for the kernel are BPF's, and one is made.
set -eu
cd "${PM_SRC:-.}"
status=0
for header in $(find plugin control -name '*.h' ! -name '*.bpf.h' ! -name '*.skel.h'); do
    # shellcheck disable=SC2086
    echo "#include \"$PWD/$header\"" |
        ${PM_CC:-cc} -std=gnu11 -D_GNU_SOURCE -DHAVE_CONFIG_H=1 -Wall -Wextra -Werror \
            -Iplugin -Icontrol -isystem /usr/include -isystem /usr/include/collectd \
            -fsyntax-only -x c - || { echo "$header does not compile alone"; status=1; }
done
exit $status
