# The sources of collectd's side, a list a folder; from the lowest floor up.
# tests/rooms.txt says who may include whom.

base_sources = \
	plugin/base/buf.c plugin/base/buf.h \
	plugin/base/clean.h \
	plugin/base/copy.c plugin/base/copy.h \
	plugin/base/crc32c.c plugin/base/crc32c.h \
	plugin/base/err.c plugin/base/err.h \
	plugin/base/fd.c plugin/base/fd.h \
	plugin/base/hash.c plugin/base/hash.h \
	plugin/base/hash_table.c plugin/base/hash_table.h \
	plugin/base/hold_logs.h plugin/base/hold_probe.h plugin/base/hold_protocol.h \
	plugin/base/hold_remove.h plugin/base/hold_save.h \
	plugin/base/hold_start.h \
	plugin/base/job_message.h \
	plugin/base/job_record.c plugin/base/job_record.h \
	plugin/base/job_spec.c plugin/base/job_spec.h \
	plugin/base/job_state.h \
	plugin/base/now.c plugin/base/now.h \
	plugin/base/pidfd.c plugin/base/pidfd.h \
	plugin/base/own_folder.c plugin/base/own_folder.h \
	plugin/base/pass.c plugin/base/pass.h \
	plugin/base/sealed.c plugin/base/sealed.h \
	plugin/base/siphash.c plugin/base/siphash.h \
	plugin/base/spawn.c plugin/base/spawn.h \
	plugin/base/text_cache.c plugin/base/text_cache.h \
	plugin/base/units.h \
	plugin/base/words.c plugin/base/words.h

record_sources = \
	plugin/core/record/field.c plugin/core/record/field.def plugin/core/record/field.h \
	plugin/core/record/task.h

parse_sources = \
	plugin/core/parse/parse_pid.c plugin/core/parse/parse_pid.h \
	plugin/core/parse/parse_sys.c plugin/core/parse/parse_sys.h

helper_sources = \
	plugin/core/helper/backoff.c plugin/core/helper/backoff.h \
	plugin/core/helper/budget.h \
	plugin/core/helper/child.c plugin/core/helper/child.h \
	plugin/core/helper/probe.c plugin/core/helper/probe.h \
	plugin/core/helper/reader.c plugin/core/helper/reader.h \
	plugin/core/helper/state_file.c plugin/core/helper/state_file.h \
	plugin/core/helper/user.c plugin/core/helper/user.h

# below /proc/PID: what procman-hold has, too
process_sources = \
	plugin/core/procfs/detail.c plugin/core/procfs/detail.h \
	plugin/core/procfs/root.c plugin/core/procfs/root.h \
	plugin/core/procfs/status.c plugin/core/procfs/status.h

procfs_sources = \
	plugin/core/procfs/cgroup.c plugin/core/procfs/cgroup.h \
	plugin/core/procfs/reader_memory.h

identity_sources = \
	plugin/core/identity/classify.c plugin/core/identity/classify.h \
	plugin/core/identity/job_scope.c plugin/core/identity/job_scope.h \
	plugin/core/identity/container.c plugin/core/identity/container.h \
	plugin/core/identity/interpreter.c plugin/core/identity/interpreter.h \
	plugin/core/identity/name.c plugin/core/identity/name.h \
	plugin/core/identity/select.c plugin/core/identity/select.h \
	plugin/core/identity/unit.c plugin/core/identity/unit.h

report_sources = \
	plugin/core/report/job_row.h plugin/core/report/report.h \
	plugin/core/report/exit.h

snapshot_sources = \
	plugin/core/snapshot/exchange.c plugin/core/snapshot/exchange.h \
	plugin/core/snapshot/exchange_jobs.h \
	plugin/core/snapshot/snapshot.c plugin/core/snapshot/snapshot.h

account_sources = \
	plugin/core/account/job_index.c plugin/core/account/job_index.h \
	plugin/core/account/kept_names.c plugin/core/account/kept_names.h \
	plugin/core/account/admit.c plugin/core/account/admit.h \
	plugin/core/account/gauges.c plugin/core/account/gauges.h \
	plugin/core/account/group.c plugin/core/account/group.h \
	plugin/core/account/reaped.c plugin/core/account/reaped.h \
	plugin/core/account/rows.c plugin/core/account/rows.h \
	plugin/core/account/slot.c plugin/core/account/slot.h \
	plugin/core/account/table.c plugin/core/account/table.h

machine_sources = \
	plugin/core/machine/disk.c plugin/core/machine/disk.h \
	plugin/core/machine/mounts.c plugin/core/machine/mounts.h \
	plugin/core/machine/rates.c plugin/core/machine/rates.h \
	plugin/core/machine/sensor.c plugin/core/machine/sensor.h \
	plugin/core/machine/system.c plugin/core/machine/system.h

sampler_sources = \
	plugin/core/sampler/sample.c plugin/core/sampler/sample.h \
	plugin/core/sampler/sampler.h \
	plugin/core/sampler/sample_bpf.h \
	plugin/core/sampler/sample_proc.c plugin/core/sampler/sample_proc.h

cycle_sources = \
	plugin/core/cycle/assign.c plugin/core/cycle/assign.h \
	plugin/core/cycle/job_members.c plugin/core/cycle/job_members.h \
	plugin/core/cycle/kept.h \
	plugin/core/cycle/restart.c plugin/core/cycle/restart.h \
	plugin/core/cycle/charge.c plugin/core/cycle/charge.h \
	plugin/core/cycle/close.c plugin/core/cycle/close.h \
	plugin/core/cycle/cmdline.c plugin/core/cycle/cmdline.h \
	plugin/core/cycle/cycle.c plugin/core/cycle/cycle.h \
	plugin/core/cycle/cycle_options.h \
	plugin/core/cycle/cycle_state.h \
	plugin/core/cycle/details.c plugin/core/cycle/details.h \
	plugin/core/cycle/events.c plugin/core/cycle/events.h \
	plugin/core/cycle/exits.c plugin/core/cycle/exits.h \
	plugin/core/cycle/files.c plugin/core/cycle/files.h \
	plugin/core/cycle/machine.h \
	plugin/core/cycle/measure.c plugin/core/cycle/measure.h \
	plugin/core/cycle/snapshot_build.c plugin/core/cycle/snapshot_build.h \
	plugin/core/cycle/turn.c plugin/core/cycle/turn.h

# the BPF sampler, and what stands in for it in a build without libbpf
bpf_sources = \
	plugin/core/sampler/sample_bpf.c \
	plugin/core/sampler/bpf/load.c plugin/core/sampler/bpf/load.h \
	plugin/core/sampler/bpf/walker.c plugin/core/sampler/bpf/walker.h \
	plugin/core/sampler/bpf/dumper.c plugin/core/sampler/bpf/dumper.h \
	plugin/core/sampler/bpf/deaths.c plugin/core/sampler/bpf/deaths.h \
	plugin/core/sampler/bpf/hidden.c plugin/core/sampler/bpf/hidden.h \
	plugin/core/sampler/bpf/missed.c plugin/core/sampler/bpf/missed.h \
	plugin/core/sampler/bpf/record.c plugin/core/sampler/bpf/record.h \
	plugin/core/sampler/bpf/death.h \
	plugin/core/sampler/bpf/task.h \
	$(bpf_programs:.bpf.c=.skel.h)
no_bpf_sources = plugin/core/sampler/sample_bpf_none.c

# each compiled into a .skel.h, which is committed
bpf_programs = \
	plugin/core/sampler/bpf/dump.bpf.c \
	plugin/core/sampler/bpf/dump_58.bpf.c \
	plugin/core/sampler/bpf/exit.bpf.c \
	plugin/core/sampler/bpf/walk.bpf.c
bpf_headers = \
	plugin/core/sampler/bpf/approximate.bpf.h \
	plugin/core/sampler/bpf/dump.bpf.h \
	plugin/core/sampler/bpf/exact.bpf.h \
	plugin/core/sampler/bpf/kernel.bpf.h \
	plugin/core/sampler/bpf/memory.bpf.h \
	plugin/core/sampler/bpf/number.bpf.h \
	plugin/core/sampler/bpf/owner.bpf.h \
	plugin/core/sampler/bpf/process.bpf.h \
	plugin/core/sampler/bpf/rows.bpf.h \
	plugin/core/sampler/bpf/settings.bpf.h \
	plugin/core/sampler/bpf/use.bpf.h

# what procman-hold has, too
parser_sources = $(record_sources) $(parse_sources) $(process_sources)

core_sources = $(helper_sources) \
	$(procfs_sources) \
	$(identity_sources) \
	$(report_sources) \
	$(snapshot_sources) \
	$(account_sources) \
	$(machine_sources) \
	$(sampler_sources) \
	$(cycle_sources)

options_sources = \
	plugin/options/location.c plugin/options/location.h \
	plugin/options/options.c plugin/options/options.h \
	plugin/options/options_control.c plugin/options/options_control.h \
	plugin/options/options_jobs.c plugin/options/options_jobs.h \
	plugin/options/reader.c plugin/options/reader.h \
	plugin/options/value.c plugin/options/value.h

module_sources = \
	plugin/emit.c plugin/emit.h \
	plugin/notify.c plugin/notify.h \
	plugin/procman.c \
	plugin/series.c plugin/series.def plugin/series.h \
	plugin/tick.c plugin/tick.h

plugin_sources = $(options_sources) $(module_sources)
