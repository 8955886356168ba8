# The sources of the control half, a list a folder; from the lowest floor up.
# tests/rooms.txt says who may include whom.

# both ends of the socket
wire_sources = \
	control/wire/arena.c control/wire/arena.h \
	control/wire/frame.c control/wire/frame.h \
	control/wire/json_escape.c control/wire/json_escape.h \
	control/wire/json_in.c control/wire/json_in.h \
	control/wire/json_out.c control/wire/json_out.h \
	control/wire/json_text.c control/wire/json_text.h \
	control/wire/method.c control/wire/method.def control/wire/method.h \
	control/wire/signal.c control/wire/signal.h \
	control/wire/utf8.c control/wire/utf8.h

# what reads a request, before anybody acts on it: a library of its own, that it
# is fuzzed alone and needs nothing of the rest
request_sources = \
	control/policy/failure.c control/policy/failure.h \
	control/server/params.c control/server/params.h \
	control/server/request.c control/server/request.h \
	control/server/request_id.c control/server/request_id.h

policy_sources = \
	control/policy/allow.c control/policy/allow.h \
	control/policy/audit.c control/policy/audit.h \
	control/policy/peer.c control/policy/peer.h \
	control/policy/peer_socket.c control/policy/peer_socket.h \
	control/policy/peer_user.c control/policy/peer_user.h \
	control/policy/rate_limit.c control/policy/rate_limit.h \
	control/policy/run_as.c control/policy/run_as.h \
	control/policy/visibility.c control/policy/visibility.h

views_sources = \
	control/views/busiest.c control/views/busiest.h \
	control/views/fields.c control/views/fields.h \
	control/views/group.c \
	control/views/host_stats.c control/views/host_stats.h \
	control/views/process.c \
	control/views/row.h \
	control/views/system.c control/views/system.h

server_sources = \
	control/server/accept.c control/server/accept.h \
	control/server/action.c control/server/action.h \
	control/server/call.c control/server/call.h \
	control/server/call_state.c control/server/call_state.h \
	control/server/client.c control/server/client.h \
	control/server/clients.c control/server/clients.h \
	control/server/clients_state.h \
	control/server/conn_limit.c control/server/conn_limit.h \
	control/server/context.c control/server/context.h \
	control/server/deferred_close.c control/server/deferred_close.h \
	control/server/dispatch.c control/server/dispatch.h \
	control/server/environment.h \
	control/server/helper.c control/server/helper.h \
	control/server/listen.c control/server/listen.h \
	control/server/loop.c control/server/loop.h \
	control/server/method.h \
	control/server/overdue.c control/server/overdue.h \
	control/server/pending.c control/server/pending.h \
	control/server/reply.c control/server/reply.h \
	control/server/serve.c control/server/serve.h \
	control/server/server.c control/server/server.h \
	control/server/share.c control/server/share.h \
	control/server/source.c control/server/source.h \
	control/server/timers.c control/server/timers.h

jobs_sources = \
	control/jobs/entry.h \
	control/jobs/events.c control/jobs/events.h \
	control/jobs/folder.c control/jobs/folder.h \
	control/jobs/holder.c control/jobs/holder.h \
	control/jobs/job.c control/jobs/job.h \
	control/jobs/jobs.c control/jobs/jobs.h \
	control/jobs/places.c control/jobs/places.h \
	control/jobs/log_quota.c control/jobs/log_quota.h \
	control/jobs/process.c control/jobs/process.h \
	control/jobs/series.c control/jobs/series.h \
	control/jobs/survival.c control/jobs/survival.h \
	control/jobs/table.h \
	control/jobs/tend.c control/jobs/tend.h \
	control/jobs/wait.c control/jobs/wait.h

methods_sources = \
	control/methods/cancel.c \
	control/methods/describe.c \
	control/methods/get_job.c \
	control/methods/get_logs.c \
	control/methods/get_process_info.c \
	control/methods/get_system_info.c \
	control/methods/hello.c \
	control/methods/kill_process.c \
	control/methods/job.c control/methods/job.h \
	control/methods/job_call.c control/methods/job_call.h \
	control/methods/job_view.c control/methods/job_view.h \
	control/methods/list_groups.c \
	control/methods/list_jobs.c \
	control/methods/list_processes.c \
	control/methods/logs_target.c control/methods/logs_target.h \
	control/methods/lookup.c control/methods/lookup.h \
	control/methods/methods.c control/methods/methods.h \
	control/methods/monitor_system.c \
	control/methods/process_view.c control/methods/process_view.h \
	control/methods/query.c control/methods/query.h \
	control/methods/remove_job.c \
	control/methods/restart_job.c \
	control/methods/start_check.c control/methods/start_check.h \
	control/methods/start_process.c \
	control/methods/start_spec.c control/methods/start_spec.h \
	control/methods/start_state.h \
	control/methods/stop_job.c \
	control/methods/wait_job.c \
	control/methods/watch_events.c

control_sources = $(policy_sources) $(views_sources) $(server_sources) \
	$(jobs_sources) $(methods_sources) control/control.c control/control.h

# programs of their own: procman-hold, procman-keep and procmanctl
hold_sources = \
	control/hold/become.c control/hold/become.h \
	control/hold/cgroup.c control/hold/cgroup.h \
	control/hold/drop.c control/hold/drop.h \
	control/hold/fd_message.c control/hold/fd_message.h \
	control/hold/fd_table.c control/hold/fd_table.h \
	control/hold/fdstore.c control/hold/fdstore.h \
	control/hold/fdstore_client.c control/hold/fdstore_client.h \
	control/hold/job_again.c control/hold/job_again.h \
	control/hold/job_folder.c control/hold/job_folder.h \
	control/hold/job_group.c control/hold/job_group.h \
	control/hold/job_open.c control/hold/job_open.h \
	control/hold/journal_entry.c control/hold/journal_entry.h \
	control/hold/kill.c control/hold/kill.h \
	control/hold/local_fs.c control/hold/local_fs.h \
	control/hold/log_back.c control/hold/log_back.h \
	control/hold/log_cursor.c control/hold/log_cursor.h \
	control/hold/log_file.c control/hold/log_file.h \
	control/hold/log_filter.c control/hold/log_filter.h \
	control/hold/log_index.c control/hold/log_index.h \
	control/hold/log_job.c control/hold/log_job.h \
	control/hold/log_journal.c control/hold/log_journal.h \
	control/hold/log_last.c control/hold/log_last.h \
	control/hold/log_merge.c control/hold/log_merge.h \
	control/hold/log_place.c control/hold/log_place.h \
	control/hold/log_segment.c control/hold/log_segment.h \
	control/hold/log_stream.c control/hold/log_stream.h \
	control/hold/log_target.c control/hold/log_target.h \
	control/hold/log_writer.c control/hold/log_writer.h \
	control/hold/logs.c control/hold/logs.h \
	control/hold/main.c \
	control/hold/members.c control/hold/members.h \
	control/hold/probe.c control/hold/probe.h \
	control/hold/process.c control/hold/process.h \
	control/hold/read.c control/hold/read.h \
	control/hold/remove.c control/hold/remove.h \
	control/hold/request.c control/hold/request.h \
	control/hold/run_as.c control/hold/run_as.h \
	control/hold/save.c control/hold/save.h \
	control/hold/segment_name.c control/hold/segment_name.h \
	control/hold/start.c control/hold/start.h control/hold/start_work.h \
	control/hold/start_holder.c \
	control/hold/start_request.c \
	control/hold/start_unit.c \
	control/hold/unit.c control/hold/unit.h \
	control/hold/unit_args.c control/hold/unit_args.h \
	control/wire/json_escape.c control/wire/json_escape.h \
	control/wire/utf8.c control/wire/utf8.h

# the holder of a job, but for its main
keep_sources = \
	control/hold/become.c control/hold/become.h \
	control/hold/cgroup.c control/hold/cgroup.h \
	control/hold/job_folder.c control/hold/job_folder.h \
	control/hold/job_group.c control/hold/job_group.h \
	control/hold/local_fs.c control/hold/local_fs.h \
	control/hold/members.c control/hold/members.h \
	control/hold/process.c control/hold/process.h \
	control/hold/segment_name.c control/hold/segment_name.h \
	control/hold/keep/child.c control/hold/keep/child.h \
	control/hold/keep/ctl.c control/hold/keep/ctl.h \
	control/hold/keep/fault.c control/hold/keep/fault.h \
	control/hold/keep/files.c control/hold/keep/files.h \
	control/hold/keep/group.c control/hold/keep/group.h \
	control/hold/keep/index.c control/hold/keep/index.h \
	control/hold/keep/job.c control/hold/keep/job.h \
	control/hold/keep/keep.h \
	control/hold/keep/log.c control/hold/keep/log.h \
	control/hold/keep/privilege.c control/hold/keep/privilege.h \
	control/hold/keep/restart.c control/hold/keep/restart.h \
	control/hold/keep/retain.c control/hold/keep/retain.h \
	control/hold/keep/segment.c control/hold/keep/segment.h \
	control/hold/keep/session.c control/hold/keep/session.h \
	control/hold/keep/store.c control/hold/keep/store.h \
	control/hold/keep/states.c control/hold/keep/states.h \
	control/hold/keep/stream.c control/hold/keep/stream.h \
	control/hold/keep/workload.c control/hold/keep/workload.h

cli_sources = \
	control/cli/args.c control/cli/args.h \
	control/cli/call.c control/cli/call.h \
	control/cli/client.c control/cli/client.h \
	control/cli/cmd_completion.c \
	control/cli/cmd_describe.c \
	control/cli/cmd_dial_stdio.c \
	control/cli/cmd_events.c \
	control/cli/cmd_groups.c \
	control/cli/cmd_hello.c \
	control/cli/cmd_help.c \
	control/cli/cmd_info.c \
	control/cli/cmd_jobs.c \
	control/cli/cmd_kill.c \
	control/cli/cmd_list.c \
	control/cli/cmd_logs.c \
	control/cli/cmd_monitor.c \
	control/cli/cmd_restart.c \
	control/cli/cmd_rm.c \
	control/cli/cmd_start.c \
	control/cli/cmd_status.c \
	control/cli/cmd_stop.c \
	control/cli/cmd_system.c \
	control/cli/cmd_version.c \
	control/cli/cmd_wait.c \
	control/cli/command.c control/cli/command.h \
	control/cli/commands.h \
	control/cli/job.c control/cli/job.h \
	control/cli/log.c control/cli/log.h \
	control/cli/params.c control/cli/params.h \
	control/cli/print.c control/cli/print.h \
	control/cli/process.c control/cli/process.h \
	control/cli/procmanctl.c \
	control/cli/remote.c control/cli/remote.h \
	control/cli/start_params.c control/cli/start_params.h \
	control/cli/table.c control/cli/table.h \
	control/cli/target.c control/cli/target.h \
	control/cli/usage.c control/cli/usage.h \
	control/cli/value.c control/cli/value.h \
	control/cli/when.c control/cli/when.h
