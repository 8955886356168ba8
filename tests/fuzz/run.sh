#!/bin/sh
# make fuzz: run.sh SECONDS TARGET... -- SOURCE...
# Builds each target (tests/fuzz/fuzz_NAME) with libFuzzer in ./fuzz and lets
# them run so long, all at once, each on a copy of its corpus that grows from run
# to run.
set -eu
command -v clang >/dev/null || {
    echo "SKIP: fuzzing needs clang"
    [ "${PM_STRICT-}" = 1 ] && exit 99
    exit 77
}
seconds=$1 targets='' sources=''
shift
while [ "$1" != -- ]; do
    targets="$targets ${1##*/fuzz_}"
    shift
done
shift
for source in "$@"; do
    case $source in *.c) sources="$sources $PM_SRC/$source" ;; esac
done

for target in $targets; do
    mkdir -p "fuzz/$target"
    cp -n "$PM_SRC/tests/fuzz/corpus/$target"/* "fuzz/$target/"
    # shellcheck disable=SC2086
    clang -std=gnu11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -I"$PM_SRC/plugin" -I"$PM_SRC/control" -I"$PM_SRC/tests" ${YAJL_CFLAGS-} \
        "$PM_SRC/tests/fuzz/fuzz_$target.c" $sources \
        -o "fuzz/fuzz_$target" ${YAJL_LIBS--lyajl} -lm
done

echo "--$targets, $seconds s"
running=''
for target in $targets; do
    "./fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 \
        -max_len=65536 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="fuzz/$target-" "fuzz/$target" >"fuzz/$target.log" 2>&1 &
    running="$running $target:$!"
done

failed=0
for one in $running; do
    target=${one%:*}
    wait "${one#*:}" || {
        failed=1
        tail -n 40 "fuzz/$target.log"
        echo "$target: what broke it is in $PWD/fuzz/$target-*"
    }
    grep -E '^stat::number_of_executed_units|^stat::peak' "fuzz/$target.log" |
        sed "s/^/$target /" || :
done
exit $failed
