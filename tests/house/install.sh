#!/bin/sh
# What is installed can be used, and nothing of it is left by uninstall.
set -eu
[ "${PM_BUILD-}" ] || { echo "PM_BUILD is not set"; exit 99; }
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
make -C "$PM_BUILD" --no-print-directory install DESTDIR="$place" >"$place.log" 2>&1 || { cat "$place.log"; exit 1; }
rm -f "$place.log"
python=$(find "$place" -name procman.py)
[ "$python" ] || { echo "procman.py is not installed"; exit 1; }
cd /
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(dirname "$python") "${PYTHON:-python3}" -c 'import procman; procman.ProcessManagerServiceClient'
find "$place" -name procmanctl -type f -perm -u+x -exec {} version ';' | grep -q procmanctl
for manual in procmanctl.1 collectd-procman.5 procman-protocol.7; do
    [ "$(find "$place" -name "$manual")" ] || { echo "$manual is not installed"; exit 1; }
done
make -C "$PM_BUILD" --no-print-directory uninstall DESTDIR="$place" >/dev/null 2>&1
left=$(find "$place" ! -type d)
[ -z "$left" ] || { echo "uninstall leaves: $left"; exit 1; }
echo "installed, used and removed"
