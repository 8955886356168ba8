#!/bin/sh
# The last values of a CSV folder as a table for people.
# usage: table.sh DATA-DIRECTORY
set -eu
cd "$1/localhost" 2>/dev/null || { echo "there is no data in $1 yet"; exit 1; }

# The last line of today's file, without its time stamp: VALUE[,VALUE...]
last() {
    set -- "$1"-2[0-9][0-9][0-9]-*
    while [ $# -gt 1 ]; do shift; done
    [ -f "$1" ] && tail -n 1 "$1" | cut -d, -f2- || echo nan
}

s=procman_system
# rates need two readings
if [ "$(last $s/percent-cpu)" = nan ]; then
    echo "it ran for too short a time: there are no rates yet"
    exit 0
fi
printf '\nMACHINE\n'
{
    for name in percent-cpu percent-memory memory-used memory-total swap-used swap-total uptime load ps_count; do
        echo "$name,$(last $s/$name)"
    done
} | awk -F, '
    function size(b) { return b >= 2^30 ? sprintf("%.1f GiB", b / 2^30) : sprintf("%.0f MiB", b / 2^20) }
    { v[$1] = $2; w[$1] = $3; x[$1] = $4 }
    END {
        printf "  CPU      %5.1f %%\n", v["percent-cpu"]
        printf "  memory   %5.1f %%   %s of %s\n", v["percent-memory"], size(v["memory-used"]), size(v["memory-total"])
        if (v["swap-total"] > 0) printf "  swap              %s of %s\n", size(v["swap-used"]), size(v["swap-total"])
        printf "  load              %.2f  %.2f  %.2f\n", v["load"], w["load"], x["load"]
        printf "  up                %d days %d h %d min\n", v["uptime"] / 86400, v["uptime"] % 86400 / 3600, v["uptime"] % 3600 / 60
        printf "  processes         %d with %d threads\n", v["ps_count"], w["ps_count"]
    }'
for d in procman_disk-*; do
    [ -d "$d" ] || continue
    echo "${d#procman_disk-},$(last "$d/percent_bytes-used"),$(last "$d/df_complex-used"),$(last "$d/bytes-total")"
done | awk -F, '{ printf "  disk     %5.1f %%   %.1f of %.1f GiB on %s\n", $2, $3 / 2^30, $4 / 2^30, $1 }'
for f in "$s"/temperature-*; do
    [ -f "$f" ] || continue
    name=${f#"$s"/temperature-}
    echo "${name%-2[0-9][0-9][0-9]-*},$(tail -n 1 "$f" | cut -d, -f2)"
done | awk -F, '{ printf "  %5.1f °C          %s\n", $2, $1 }'

printf '\nPROGRAMS%-26s %8s %12s %9s %11s\n' '' 'CPU' 'MEMORY' 'THREADS' 'PROCESSES'
stamp() {
    set -- "$1"-2[0-9][0-9][0-9]-*
    while [ $# -gt 1 ]; do shift; done
    [ -f "$1" ] && tail -n 1 "$1" | cut -d. -f1 || echo 0
}
newest=$(stamp procman_self/gauge-sampler)
for d in procman-*; do
    # of an earlier run, or evicted since
    [ "$(stamp "$d/percent-cpu")" -ge $((newest - 1)) ] 2>/dev/null || continue
    echo "${d#procman-},$(last "$d/percent-cpu"),$(last "$d/ps_rss"),$(last "$d/ps_count")"
done | awk -F, '{
        memory = $3 == "nan" ? "" : sprintf("%.1f MiB", $3 / 2^20)
        printf "%.6f,%.0f,  %-32.32s %6.1f %% %12s %9s %11s\n", $2, $3, $1, $2, memory, $5 == "" ? "" : $5 + 0, $4 == "nan" ? "" : $4 + 0
    }' | sort -t, -k1,1gr -k2,2gr | cut -d, -f3-
printf '\nCPU is the last interval'"'"'s share of the whole machine. _other: programs that\nare not among the largest; _kernel: kernel threads; _unattributed: work that\nwas over before anybody could look.\n'
