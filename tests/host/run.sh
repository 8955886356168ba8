#!/bin/sh
# ./bootstrap run: a collectd of our own in the foreground, everything below
# ./run.  usage: run.sh BUILD-DIRECTORY SECONDS (0 = until Ctrl-C)
set -eu
top=$PWD build=$top/$1 seconds=$2 run=$top/run
socket=$run/control/control.sock
collectd=$(command -v collectd || echo /usr/sbin/collectd)
modules=$("$collectd" -h | sed -n 's/^ *Plugin directory *//p')

mkdir -p "$run/plugins" "$run/data" "$run/control"
# collectd keeps this descriptor, and with it the lock, as long as it runs
exec 9>"$run/lock"
flock --nonblock 9 || {
    echo "a collectd of this tree runs already (it holds $run/lock): stop it first, or use another tree" >&2
    exit 1
}
# others could put a socket of theirs into a folder that they can write to
chmod go-w "$run/control"
# collectd takes no symbolic links for modules; by rename, as a file that somebody
# has loaded must not be written into
for module in "$build/.libs/procman.so" "$modules/csv.so" "$modules/logfile.so"; do
    name=$(basename "$module")
    cp "$module" "$run/plugins/$name.new"
    mv -f "$run/plugins/$name.new" "$run/plugins/$name"
done

cat >"$run/collectd.conf" <<EOF
BaseDir "$run"
PIDFile "$run/collectd.pid"
PluginDir "$run/plugins"
Hostname "localhost"
Interval ${PM_INTERVAL:-2}
LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File "$run/collectd.log"
</Plugin>
LoadPlugin csv
<Plugin csv>
  DataDir "$run/data"
  StoreRates true
</Plugin>
Include "$top/conf/procman.conf"
<Plugin procman>
  Helper "$build/procman-hold"
  StateDir "$run/state"
  <Control>
    Socket "$socket"
  </Control>
  <Jobs>
    Helper "$build/procman-keep"
  </Jobs>
</Plugin>
EOF

echo "-- collectd runs with conf/procman.conf, every ${PM_INTERVAL:-2} seconds"
echo "   values   $run/data/localhost/    (a folder a group, a file a metric and day)"
echo "   log      $run/collectd.log"
echo "   socket   $socket"
: >"$run/collectd.log"
if [ "$seconds" -eq 0 ]; then
    echo "   look     tests/host/table.sh run/data     (in another terminal)"
    echo "   ask      ${build#"$top"/}/procmanctl -S run/control/control.sock list -s cpu_percent -n 10"
    echo "   start    ${build#"$top"/}/procmanctl -S run/control/control.sock start -f -- echo hello"
    echo "   stop     Ctrl-C"
    exec "$collectd" -f -C "$run/collectd.conf"
fi
echo "   it stops by itself after $seconds seconds"
status=0
timeout --signal=TERM "$seconds" "$collectd" -f -C "$run/collectd.conf" || status=$?
[ "$status" -eq 124 ] || { echo "collectd ended early:"; cat "$run/collectd.log"; exit 1; }
exec tests/host/table.sh "$run/data"
