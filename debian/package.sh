# What the maintainer scripts of collectd-procman share: prerm and postinst
# read it, while the package is unpacked.

procman_link=/etc/collectd/collectd.conf.d/procman.conf

# The files of collectd's configuration that load the module.
procman_loaded_by() {
    grep -RlsiE --include='*.conf' '^[[:space:]]*<?LoadPlugin[[:space:]]+"?procman"?[[:space:]]*>?[[:space:]]*(#.*)?$' \
        /etc/collectd/collectd.conf "${procman_link%/*}" || :
}

# Only one that runs: who stopped it has had a reason.
procman_restart_collectd() {
    if [ -d /run/systemd/system ]; then
        deb-systemd-invoke try-restart collectd.service || :
    elif invoke-rc.d --quiet collectd status >/dev/null 2>&1; then
        invoke-rc.d collectd restart || :
    fi
}
