# The tests, by rung.  Included by the top-level Makefile.am.

TESTS =
check_PROGRAMS =
dist_check_SCRIPTS =
AM_TESTS_ENVIRONMENT = \
	PM_SRC='$(abs_srcdir)'; export PM_SRC; \
	PM_BUILD='$(abs_builddir)'; export PM_BUILD; \
	PM_CC='$(CC)'; export PM_CC; \
	COLLECTD='$(COLLECTD)'; export COLLECTD;

# ---- unit: one file of core each ----

if HAVE_CMOCKA
check_LTLIBRARIES = libpmunit.la
libpmunit_la_SOURCES = \
	tests/fakes/root.c tests/fakes/root.h \
	tests/unit/support/hold_client.c tests/unit/support/hold_client.h \
	tests/fakes/unix.c tests/fakes/unix.h \
	tests/unit/support/built_reader.c tests/unit/support/built_reader.h \
	tests/unit/support/check.c tests/unit/support/check.h \
	tests/unit/support/children.c tests/unit/support/children.h \
	tests/unit/support/colliding.c tests/unit/support/colliding.h \
	tests/unit/support/comma_locale.c tests/unit/support/comma_locale.h \
	tests/unit/support/failing_alloc.c tests/unit/support/failing_alloc.h \
	tests/unit/support/patient_poll.c tests/unit/support/patient_poll.h \
	tests/unit/support/json_equal.c tests/unit/support/json_equal.h
libpmunit_la_CPPFLAGS = $(unit_cppflags)

unit_cppflags = $(AM_CPPFLAGS) -I$(srcdir)/tests $(CMOCKA_CFLAGS)
unit_ldadd = libpmcore.la libpmparser.la libpmbase.la libpmunit.la $(CMOCKA_LIBS) -lm
control_ldadd = libpmcontrol.la libpmwire.la libpmcore.la libpmparser.la libpmbase.la \
	libpmunit.la $(CMOCKA_LIBS) -lm
wire_ldadd = libpmwire.la libpmbase.la libpmunit.la $(CMOCKA_LIBS) -lm
failing_alloc_ldflags = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc \
	-Wl,--wrap=realloc -Wl,--wrap=strdup
fake_server_sources = tests/fakes/server.c tests/fakes/server.h
patient_poll_ldflags = $(AM_LDFLAGS) -Wl,--wrap=poll
spawning_ldflags = $(patient_poll_ldflags) -Wl,--wrap=posix_spawn -Wl,--wrap=syscall

kill_sources = control/hold/become.c control/hold/become.h \
	control/hold/process.c control/hold/process.h \
	control/hold/kill.c control/hold/kill.h \
	control/hold/request.c control/hold/request.h

unit_tests = \
	tests/unit/base/test_err \
	tests/unit/base/test_buf \
	tests/unit/base/test_copy \
	tests/unit/base/test_hash_table \
	tests/unit/base/test_sealed \
	tests/unit/base/test_siphash \
	tests/unit/base/test_text_cache \
	tests/unit/base/test_pidfd \
	tests/unit/base/test_job_record \
	tests/unit/base/test_job_spec \
	tests/unit/wire/test_frame \
	tests/unit/wire/test_json_escape \
	tests/unit/wire/test_arena \
	tests/unit/wire/test_json_in \
	tests/unit/wire/test_json_out \
	tests/unit/parse/test_parse_pid \
	tests/unit/parse/test_parse_sys \
	tests/unit/parse/test_captured \
	tests/unit/identity/test_name \
	tests/unit/identity/test_unit \
	tests/unit/identity/test_container \
	tests/unit/identity/test_select \
	tests/unit/identity/test_classify \
	tests/unit/account/test_admit \
	tests/unit/account/test_slot \
	tests/unit/account/test_table \
	tests/unit/account/test_group \
	tests/unit/account/test_kept_names \
	tests/unit/account/test_rows \
	tests/unit/account/test_gauges \
	tests/unit/cycle/test_charge \
	tests/unit/account/test_reaped \
	tests/unit/snapshot/test_snapshot \
	tests/unit/snapshot/test_exchange \
	tests/unit/sampler/test_sample_proc \
	tests/unit/procfs/test_detail \
	tests/unit/helper/test_backoff \
	tests/unit/procfs/test_cgroup \
	tests/unit/helper/test_probe \
	tests/unit/helper/test_reader \
	tests/unit/helper/test_state_file \
	tests/unit/helper/test_user \
	tests/unit/options/test_options_control \
	tests/unit/options/test_options_jobs \
	tests/unit/options/test_options_state_dir \
	tests/unit/options/test_location \
	tests/unit/jobs/test_events tests/unit/jobs/test_job \
	tests/unit/jobs/test_jobs tests/unit/jobs/test_series \
	tests/unit/jobs/test_log_quota tests/unit/jobs/test_process \
	tests/unit/keep/test_states \
	tests/unit/keep/test_restart \
	tests/unit/keep/test_group \
	tests/unit/keep/test_index \
	tests/unit/keep/test_retain \
	tests/unit/keep/test_stream \
	tests/unit/keep/test_ctl \
	tests/unit/keep/test_store \
	tests/unit/keep/test_files \
	tests/unit/hold/test_cgroup \
	tests/unit/hold/test_unit \
	tests/unit/hold/test_fd_message \
	tests/unit/hold/test_fd_table \
	tests/unit/hold/test_job_folder \
	tests/unit/hold/test_job_group \
	tests/unit/hold/test_journal_entry \
	tests/unit/hold/test_kill \
	tests/unit/hold/test_log_file \
	tests/unit/hold/test_log_index \
	tests/unit/hold/test_log_stream \
	tests/unit/hold/test_race \
	tests/unit/machine/test_system \
	tests/unit/machine/test_mounts \
	tests/unit/machine/test_disk \
	tests/unit/machine/test_sensor \
	tests/unit/server/test_client \
	tests/unit/server/test_call_state \
	tests/unit/server/test_server \
	tests/unit/server/test_accept \
	tests/unit/server/test_server_time \
	tests/unit/server/test_server_kill \
	tests/unit/server/test_server_logs \
	tests/unit/policy/test_allow \
	tests/unit/server/test_request \
	tests/unit/cli/test_print \
	tests/unit/policy/test_rate_limit \
	tests/unit/policy/test_audit \
	tests/unit/server/test_conn_limit \
	tests/unit/server/test_overdue \
	tests/unit/server/test_params \
	tests/unit/server/test_timers \
	tests/unit/server/test_share \
	tests/unit/server/test_deferred_close \
	tests/unit/policy/test_visibility \
	tests/unit/policy/test_peer \
	tests/unit/views/test_fields \
	tests/unit/views/test_busiest \
	tests/unit/server/test_listen \
	tests/unit/server/test_action
if !TSAN
unit_tests += tests/unit/hold/test_become tests/unit/hold/test_reuse
endif
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

if HAVE_BPF
unit_tests += tests/unit/sampler/test_record tests/unit/sampler/test_missed \
	tests/unit/sampler/test_hidden tests/unit/sampler/test_objects
# one thread and thousands of processes: two minutes in which there is no race
if !TSAN
unit_tests += tests/unit/sampler/test_sample_bpf
endif
tests_unit_sampler_test_record_SOURCES = tests/unit/sampler/test_record.c
tests_unit_sampler_test_record_CPPFLAGS = $(unit_cppflags)
tests_unit_sampler_test_record_LDADD = $(unit_ldadd)
tests_unit_sampler_test_objects_SOURCES = tests/unit/sampler/test_objects.c
tests_unit_sampler_test_objects_CPPFLAGS = $(unit_cppflags) $(LIBBPF_CFLAGS)
tests_unit_sampler_test_objects_LDADD = $(unit_ldadd) $(LIBBPF_LIBS)
tests_unit_sampler_test_hidden_SOURCES = tests/unit/sampler/test_hidden.c
tests_unit_sampler_test_hidden_CPPFLAGS = $(unit_cppflags)
tests_unit_sampler_test_hidden_LDADD = $(unit_ldadd)
tests_unit_sampler_test_missed_SOURCES = tests/unit/sampler/test_missed.c
tests_unit_sampler_test_missed_CPPFLAGS = $(unit_cppflags)
tests_unit_sampler_test_missed_LDADD = $(unit_ldadd)
tests_unit_sampler_test_sample_bpf_SOURCES = tests/unit/sampler/test_sample_bpf.c
tests_unit_sampler_test_sample_bpf_CPPFLAGS = $(unit_cppflags) $(LIBBPF_CFLAGS)
tests_unit_sampler_test_sample_bpf_LDADD = $(unit_ldadd)
tests_unit_sampler_test_sample_bpf_LDFLAGS = $(AM_LDFLAGS) -pthread
endif

tests_unit_base_test_err_SOURCES = tests/unit/base/test_err.c
tests_unit_base_test_err_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_err_LDADD = $(unit_ldadd)

tests_unit_base_test_copy_SOURCES = tests/unit/base/test_copy.c
tests_unit_base_test_copy_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_copy_LDADD = $(unit_ldadd)

tests_unit_base_test_sealed_SOURCES = tests/unit/base/test_sealed.c
tests_unit_base_test_sealed_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_sealed_LDADD = $(unit_ldadd)

tests_unit_base_test_siphash_SOURCES = tests/unit/base/test_siphash.c
tests_unit_base_test_siphash_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_siphash_LDADD = $(unit_ldadd)

tests_unit_base_test_text_cache_SOURCES = tests/unit/base/test_text_cache.c
tests_unit_base_test_text_cache_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_text_cache_LDADD = $(unit_ldadd)
tests_unit_base_test_text_cache_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_base_test_job_record_SOURCES = tests/unit/base/test_job_record.c
tests_unit_base_test_job_record_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_job_record_LDADD = $(unit_ldadd)

tests_unit_base_test_job_spec_SOURCES = tests/unit/base/test_job_spec.c
tests_unit_base_test_job_spec_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_job_spec_LDADD = $(unit_ldadd)

tests_unit_identity_test_classify_SOURCES = tests/unit/identity/test_classify.c
tests_unit_identity_test_classify_CPPFLAGS = $(unit_cppflags)
tests_unit_identity_test_classify_LDADD = $(unit_ldadd)

tests_unit_procfs_test_cgroup_SOURCES = tests/unit/procfs/test_cgroup.c
tests_unit_procfs_test_cgroup_CPPFLAGS = $(unit_cppflags)
tests_unit_procfs_test_cgroup_LDADD = $(unit_ldadd)

tests_unit_identity_test_container_SOURCES = tests/unit/identity/test_container.c
tests_unit_identity_test_container_CPPFLAGS = $(unit_cppflags)
tests_unit_identity_test_container_LDADD = $(unit_ldadd)

tests_unit_base_test_pidfd_SOURCES = tests/unit/base/test_pidfd.c
tests_unit_base_test_pidfd_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_pidfd_LDADD = $(unit_ldadd)

tests_unit_base_test_hash_table_SOURCES = tests/unit/base/test_hash_table.c
tests_unit_base_test_hash_table_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_hash_table_LDADD = $(unit_ldadd)
tests_unit_base_test_hash_table_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_cycle_test_charge_SOURCES = tests/unit/cycle/test_charge.c
tests_unit_cycle_test_charge_CPPFLAGS = $(unit_cppflags)
tests_unit_cycle_test_charge_LDADD = $(unit_ldadd)
tests_unit_account_test_gauges_SOURCES = tests/unit/account/test_gauges.c
tests_unit_account_test_gauges_CPPFLAGS = $(unit_cppflags)
tests_unit_account_test_gauges_LDADD = $(unit_ldadd)
tests_unit_account_test_reaped_SOURCES = tests/unit/account/test_reaped.c
tests_unit_account_test_reaped_CPPFLAGS = $(unit_cppflags)
tests_unit_account_test_reaped_LDADD = $(unit_ldadd)

tests_unit_base_test_buf_SOURCES = tests/unit/base/test_buf.c
tests_unit_base_test_buf_CPPFLAGS = $(unit_cppflags)
tests_unit_base_test_buf_LDADD = $(unit_ldadd)
tests_unit_base_test_buf_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_wire_test_frame_SOURCES = tests/unit/wire/test_frame.c
tests_unit_wire_test_frame_CPPFLAGS = $(unit_cppflags)
tests_unit_wire_test_frame_LDADD = $(wire_ldadd)
tests_unit_wire_test_frame_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_wire_test_json_escape_SOURCES = tests/unit/wire/test_json_escape.c
tests_unit_wire_test_json_escape_CPPFLAGS = $(unit_cppflags)
tests_unit_wire_test_json_escape_LDADD = $(wire_ldadd)

tests_unit_wire_test_arena_SOURCES = tests/unit/wire/test_arena.c
tests_unit_wire_test_arena_CPPFLAGS = $(unit_cppflags)
tests_unit_wire_test_arena_LDADD = $(wire_ldadd)
tests_unit_wire_test_arena_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_wire_test_json_in_SOURCES = tests/unit/wire/test_json_in.c
tests_unit_wire_test_json_in_CPPFLAGS = $(unit_cppflags)
tests_unit_wire_test_json_in_LDADD = $(wire_ldadd)
tests_unit_wire_test_json_in_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_wire_test_json_out_SOURCES = tests/unit/wire/test_json_out.c
tests_unit_wire_test_json_out_CPPFLAGS = $(unit_cppflags)
tests_unit_wire_test_json_out_LDADD = $(wire_ldadd)
tests_unit_wire_test_json_out_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_parse_test_parse_pid_SOURCES = tests/unit/parse/test_parse_pid.c
tests_unit_parse_test_parse_pid_CPPFLAGS = $(unit_cppflags)
tests_unit_parse_test_parse_pid_LDADD = $(unit_ldadd)

tests_unit_parse_test_parse_sys_SOURCES = tests/unit/parse/test_parse_sys.c
tests_unit_parse_test_parse_sys_CPPFLAGS = $(unit_cppflags)
tests_unit_parse_test_parse_sys_LDADD = $(unit_ldadd)

tests_unit_parse_test_captured_SOURCES = tests/unit/parse/test_captured.c
tests_unit_parse_test_captured_CPPFLAGS = $(unit_cppflags)
tests_unit_parse_test_captured_LDADD = $(unit_ldadd)

tests_unit_identity_test_name_SOURCES = tests/unit/identity/test_name.c
tests_unit_identity_test_name_CPPFLAGS = $(unit_cppflags)
tests_unit_identity_test_name_LDADD = $(unit_ldadd)

tests_unit_identity_test_unit_SOURCES = tests/unit/identity/test_unit.c
tests_unit_identity_test_unit_CPPFLAGS = $(unit_cppflags)
tests_unit_identity_test_unit_LDADD = $(unit_ldadd)

tests_unit_identity_test_select_SOURCES = tests/unit/identity/test_select.c
tests_unit_identity_test_select_CPPFLAGS = $(unit_cppflags)
tests_unit_identity_test_select_LDADD = $(unit_ldadd)
tests_unit_identity_test_select_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_account_test_admit_SOURCES = tests/unit/account/test_admit.c
tests_unit_account_test_admit_CPPFLAGS = $(unit_cppflags)
tests_unit_account_test_admit_LDADD = $(unit_ldadd)

tests_unit_account_test_slot_SOURCES = tests/unit/account/test_slot.c
tests_unit_account_test_slot_CPPFLAGS = $(unit_cppflags)
tests_unit_account_test_slot_LDADD = $(unit_ldadd)

tests_unit_account_test_table_SOURCES = tests/unit/account/test_table.c
tests_unit_account_test_table_CPPFLAGS = $(unit_cppflags)
tests_unit_account_test_table_LDADD = $(unit_ldadd)
tests_unit_account_test_table_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_account_test_kept_names_SOURCES = tests/unit/account/test_kept_names.c
tests_unit_account_test_kept_names_CPPFLAGS = $(unit_cppflags)
tests_unit_account_test_kept_names_LDADD = $(unit_ldadd)
tests_unit_account_test_group_SOURCES = tests/unit/account/test_group.c
tests_unit_account_test_group_CPPFLAGS = $(unit_cppflags)
tests_unit_account_test_group_LDADD = $(unit_ldadd)
tests_unit_account_test_group_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_account_test_rows_SOURCES = tests/unit/account/test_rows.c
tests_unit_account_test_rows_CPPFLAGS = $(unit_cppflags)
tests_unit_account_test_rows_LDADD = $(unit_ldadd)

tests_unit_snapshot_test_snapshot_SOURCES = tests/unit/snapshot/test_snapshot.c
tests_unit_snapshot_test_snapshot_CPPFLAGS = $(unit_cppflags)
tests_unit_snapshot_test_snapshot_LDADD = $(unit_ldadd)
tests_unit_snapshot_test_snapshot_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_snapshot_test_exchange_SOURCES = tests/unit/snapshot/test_exchange.c
tests_unit_snapshot_test_exchange_CPPFLAGS = $(unit_cppflags)
tests_unit_snapshot_test_exchange_LDADD = $(unit_ldadd)
tests_unit_snapshot_test_exchange_LDFLAGS = $(failing_alloc_ldflags) -Wl,--wrap=eventfd -pthread

tests_unit_sampler_test_sample_proc_SOURCES = tests/unit/sampler/test_sample_proc.c
tests_unit_sampler_test_sample_proc_CPPFLAGS = $(unit_cppflags)
tests_unit_sampler_test_sample_proc_LDADD = $(unit_ldadd)

tests_unit_procfs_test_detail_SOURCES = tests/unit/procfs/test_detail.c
tests_unit_procfs_test_detail_CPPFLAGS = $(unit_cppflags)
tests_unit_procfs_test_detail_LDADD = $(unit_ldadd)

tests_unit_helper_test_backoff_SOURCES = tests/unit/helper/test_backoff.c
tests_unit_helper_test_backoff_CPPFLAGS = $(unit_cppflags)
tests_unit_helper_test_backoff_LDADD = $(unit_ldadd)

tests_unit_helper_test_state_file_SOURCES = tests/unit/helper/test_state_file.c
tests_unit_helper_test_state_file_CPPFLAGS = $(unit_cppflags)
tests_unit_helper_test_state_file_LDADD = $(unit_ldadd)
tests_unit_helper_test_reader_SOURCES = tests/unit/helper/test_reader.c
tests_unit_helper_test_reader_CPPFLAGS = $(unit_cppflags)
tests_unit_helper_test_reader_LDADD = $(unit_ldadd)
tests_unit_helper_test_reader_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pm_child_time \
	-Wl,--wrap=pm_child_receive -Wl,--wrap=pm_child_is_runnable

tests_unit_helper_test_user_SOURCES = tests/unit/helper/test_user.c
tests_unit_helper_test_user_CPPFLAGS = $(unit_cppflags)
tests_unit_helper_test_user_LDADD = $(unit_ldadd)

tests_unit_helper_test_probe_SOURCES = tests/unit/helper/test_probe.c
tests_unit_helper_test_probe_CPPFLAGS = $(unit_cppflags)
tests_unit_helper_test_probe_LDADD = $(unit_ldadd)
tests_unit_helper_test_probe_LDFLAGS = $(spawning_ldflags)

tests_unit_options_test_location_SOURCES = tests/unit/options/test_location.c
tests_unit_options_test_location_CPPFLAGS = $(unit_cppflags) \
	$(COLLECTD_CPPFLAGS)
tests_unit_options_test_location_LDADD = libpmplugin.la libpmbase.la $(unit_ldadd)

read_text_sources = tests/unit/options/read_text.c \
	tests/unit/options/read_text.h
tests_unit_options_test_options_control_SOURCES = \
	tests/unit/options/test_options_control.c $(read_text_sources) \
	tests/fakes/oconfig.c tests/fakes/oconfig.h
tests_unit_options_test_options_control_CPPFLAGS = $(unit_cppflags) \
	$(COLLECTD_CPPFLAGS)
tests_unit_options_test_options_control_LDADD = libpmplugin.la libpmwire.la \
	$(unit_ldadd)

tests_unit_options_test_options_jobs_SOURCES = \
	tests/unit/options/test_options_jobs.c $(read_text_sources) \
	tests/fakes/oconfig.c tests/fakes/oconfig.h
tests_unit_options_test_options_jobs_CPPFLAGS = $(unit_cppflags) \
	$(COLLECTD_CPPFLAGS)
tests_unit_options_test_options_jobs_LDADD = libpmplugin.la libpmwire.la \
	$(unit_ldadd)

tests_unit_options_test_options_state_dir_SOURCES = \
	tests/unit/options/test_options_state_dir.c $(read_text_sources) \
	tests/fakes/oconfig.c tests/fakes/oconfig.h
tests_unit_options_test_options_state_dir_CPPFLAGS = $(unit_cppflags) \
	$(COLLECTD_CPPFLAGS)
tests_unit_options_test_options_state_dir_LDADD = libpmplugin.la libpmwire.la \
	$(unit_ldadd)

keep_ldadd = libpmkeep.la libpmparser.la libpmbase.la libpmunit.la $(CMOCKA_LIBS) -lm
place_sources = tests/unit/keep/place.c tests/unit/keep/place.h
tests_unit_keep_test_states_SOURCES = tests/unit/keep/test_states.c
tests_unit_keep_test_states_CPPFLAGS = $(unit_cppflags)
tests_unit_keep_test_states_LDADD = $(keep_ldadd)
tests_unit_keep_test_restart_SOURCES = tests/unit/keep/test_restart.c
tests_unit_keep_test_restart_CPPFLAGS = $(unit_cppflags)
tests_unit_keep_test_restart_LDADD = $(keep_ldadd)
tests_unit_keep_test_group_SOURCES = tests/unit/keep/test_group.c $(place_sources)
tests_unit_keep_test_group_CPPFLAGS = $(unit_cppflags)
tests_unit_keep_test_group_LDADD = $(keep_ldadd)
tests_unit_keep_test_index_SOURCES = tests/unit/keep/test_index.c $(place_sources)
tests_unit_keep_test_index_CPPFLAGS = $(unit_cppflags)
tests_unit_keep_test_index_LDADD = $(keep_ldadd)
tests_unit_keep_test_retain_SOURCES = tests/unit/keep/test_retain.c $(place_sources)
tests_unit_keep_test_retain_CPPFLAGS = $(unit_cppflags)
tests_unit_keep_test_retain_LDADD = $(keep_ldadd)

tests_unit_keep_test_stream_SOURCES = tests/unit/keep/test_stream.c $(place_sources)
tests_unit_keep_test_stream_CPPFLAGS = $(unit_cppflags)
tests_unit_keep_test_stream_LDADD = $(keep_ldadd)
tests_unit_keep_test_store_SOURCES = tests/unit/keep/test_store.c
tests_unit_keep_test_store_CPPFLAGS = $(unit_cppflags)
tests_unit_keep_test_store_LDADD = $(keep_ldadd)
tests_unit_keep_test_files_SOURCES = tests/unit/keep/test_files.c $(place_sources)
tests_unit_keep_test_files_CPPFLAGS = $(unit_cppflags)
tests_unit_keep_test_files_LDADD = $(keep_ldadd)
tests_unit_keep_test_ctl_SOURCES = tests/unit/keep/test_ctl.c
tests_unit_keep_test_ctl_CPPFLAGS = $(unit_cppflags)
tests_unit_keep_test_ctl_LDADD = $(keep_ldadd)
tests_unit_hold_test_job_folder_SOURCES = tests/unit/hold/test_job_folder.c $(place_sources)
tests_unit_hold_test_job_folder_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_job_folder_LDADD = $(keep_ldadd)
tests_unit_hold_test_job_folder_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fstatfs

tests_unit_hold_test_cgroup_SOURCES = tests/unit/hold/test_cgroup.c $(place_sources)
tests_unit_hold_test_cgroup_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_cgroup_LDADD = $(keep_ldadd)
tests_unit_hold_test_unit_SOURCES = tests/unit/hold/test_unit.c \
	control/hold/unit.c control/hold/unit_args.c
tests_unit_hold_test_unit_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_unit_LDADD = $(keep_ldadd)
tests_unit_hold_test_fd_message_SOURCES = tests/unit/hold/test_fd_message.c \
	control/hold/fd_message.c
tests_unit_hold_test_fd_message_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_fd_message_LDADD = $(keep_ldadd)
tests_unit_hold_test_fd_table_SOURCES = tests/unit/hold/test_fd_table.c \
	control/hold/fd_table.c
tests_unit_hold_test_fd_table_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_fd_table_LDADD = $(keep_ldadd)
tests_unit_hold_test_job_group_SOURCES = tests/unit/hold/test_job_group.c $(place_sources)
tests_unit_hold_test_job_group_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_job_group_LDADD = $(keep_ldadd)
tests_unit_hold_test_job_group_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mkdirat -Wl,--wrap=unlinkat -Wl,--wrap=time

tests_unit_hold_test_become_SOURCES = tests/unit/hold/test_become.c \
	control/hold/become.c control/hold/become.h
tests_unit_hold_test_become_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_become_LDADD = $(unit_ldadd)

tests_unit_hold_test_kill_SOURCES = tests/unit/hold/test_kill.c
tests_unit_hold_test_kill_CPPFLAGS = $(unit_cppflags)
# hold_client needs base
tests_unit_hold_test_kill_LDADD = $(unit_ldadd) libpmbase.la
tests_unit_hold_test_kill_LDFLAGS = $(AM_LDFLAGS) -pthread

tests_unit_hold_test_journal_entry_SOURCES = \
	tests/unit/hold/test_journal_entry.c control/hold/journal_entry.c
tests_unit_hold_test_journal_entry_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_journal_entry_LDADD = $(unit_ldadd)

tests_unit_hold_test_log_file_SOURCES = tests/unit/hold/test_log_file.c \
	control/hold/log_cursor.c control/hold/log_file.c
tests_unit_hold_test_log_file_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_log_file_LDADD = $(unit_ldadd)

# with what the holder writes its log by
job_log_sources = tests/unit/hold/job_log.c tests/unit/hold/job_log.h \
	$(place_sources)
tests_unit_hold_test_log_index_SOURCES = tests/unit/hold/test_log_index.c \
	control/hold/log_index.c $(job_log_sources)
tests_unit_hold_test_log_index_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_log_index_LDADD = $(keep_ldadd)

tests_unit_hold_test_log_stream_SOURCES = tests/unit/hold/test_log_stream.c \
	control/hold/log_back.c control/hold/log_filter.c \
	control/hold/log_index.c control/hold/log_last.c \
	control/hold/log_merge.c control/hold/log_place.c \
	control/hold/log_segment.c control/hold/log_stream.c \
	$(job_log_sources)
tests_unit_hold_test_log_stream_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_log_stream_LDADD = $(keep_ldadd)
tests_unit_hold_test_log_stream_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=hold_log_segment_open \
	-Wl,--wrap=hold_log_segment_look -Wl,--wrap=nanosleep

tests_unit_hold_test_race_SOURCES = tests/unit/hold/test_race.c $(kill_sources)
tests_unit_hold_test_race_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_race_LDADD = $(unit_ldadd) libpmbase.la
tests_unit_hold_test_race_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall

tests_unit_hold_test_reuse_SOURCES = tests/unit/hold/test_reuse.c $(kill_sources)
tests_unit_hold_test_reuse_CPPFLAGS = $(unit_cppflags)
tests_unit_hold_test_reuse_LDADD = $(unit_ldadd) libpmbase.la

tests_unit_machine_test_system_SOURCES = tests/unit/machine/test_system.c
tests_unit_machine_test_system_CPPFLAGS = $(unit_cppflags)
tests_unit_machine_test_system_LDADD = $(unit_ldadd)

tests_unit_machine_test_mounts_SOURCES = tests/unit/machine/test_mounts.c
tests_unit_machine_test_mounts_CPPFLAGS = $(unit_cppflags)
tests_unit_machine_test_mounts_LDADD = $(unit_ldadd)

tests_unit_machine_test_disk_SOURCES = tests/unit/machine/test_disk.c
tests_unit_machine_test_disk_CPPFLAGS = $(unit_cppflags)
tests_unit_machine_test_disk_LDADD = $(unit_ldadd)

tests_unit_machine_test_sensor_SOURCES = tests/unit/machine/test_sensor.c
tests_unit_machine_test_sensor_CPPFLAGS = $(unit_cppflags)
tests_unit_machine_test_sensor_LDADD = $(unit_ldadd)
tests_unit_machine_test_sensor_LDFLAGS = $(patient_poll_ldflags)

tests_unit_server_test_call_state_SOURCES = tests/unit/server/test_call_state.c
tests_unit_server_test_call_state_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_call_state_LDADD = $(control_ldadd)

tests_unit_server_test_client_SOURCES = tests/unit/server/test_client.c
tests_unit_server_test_client_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_client_LDADD = $(control_ldadd)
tests_unit_server_test_client_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_server_test_server_SOURCES = tests/unit/server/test_server.c $(fake_server_sources)
tests_unit_server_test_server_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_server_LDADD = $(control_ldadd)
tests_unit_server_test_server_LDFLAGS = $(failing_alloc_ldflags)

tests_unit_server_test_accept_SOURCES = tests/unit/server/test_accept.c $(fake_server_sources)
tests_unit_server_test_accept_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_accept_LDADD = $(control_ldadd)

tests_unit_server_test_server_kill_SOURCES = tests/unit/server/test_server_kill.c control/hold/read.c \
	control/hold/request.c $(fake_server_sources)
tests_unit_server_test_server_kill_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_server_kill_LDADD = $(control_ldadd)

tests_unit_server_test_server_logs_SOURCES = tests/unit/server/test_server_logs.c \
	control/hold/log_writer.c control/hold/read.c control/hold/request.c \
	$(fake_server_sources)
tests_unit_server_test_server_logs_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_server_logs_LDADD = $(control_ldadd)
tests_unit_server_test_server_logs_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pm_pidfd_has_ended

tests_unit_server_test_server_time_SOURCES = tests/unit/server/test_server_time.c $(fake_server_sources)
tests_unit_server_test_server_time_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_server_time_LDADD = $(control_ldadd)

tests_unit_policy_test_allow_SOURCES = tests/unit/policy/test_allow.c
tests_unit_policy_test_allow_CPPFLAGS = $(unit_cppflags)
tests_unit_policy_test_allow_LDADD = $(control_ldadd)

tests_unit_server_test_request_SOURCES = tests/unit/server/test_request.c
tests_unit_server_test_request_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_request_LDADD = $(control_ldadd)
tests_unit_cli_test_print_SOURCES = tests/unit/cli/test_print.c \
	control/cli/params.c control/cli/print.c control/cli/table.c \
	control/cli/value.c
tests_unit_cli_test_print_CPPFLAGS = $(unit_cppflags)
tests_unit_cli_test_print_LDADD = $(wire_ldadd)

tests_unit_policy_test_rate_limit_SOURCES = tests/unit/policy/test_rate_limit.c
tests_unit_policy_test_rate_limit_CPPFLAGS = $(unit_cppflags)
tests_unit_policy_test_rate_limit_LDADD = $(control_ldadd)

tests_unit_policy_test_audit_SOURCES = tests/unit/policy/test_audit.c
tests_unit_policy_test_audit_CPPFLAGS = $(unit_cppflags)
tests_unit_policy_test_audit_LDADD = $(control_ldadd)

tests_unit_server_test_share_SOURCES = tests/unit/server/test_share.c
tests_unit_server_test_share_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_share_LDADD = $(control_ldadd)
tests_unit_server_test_overdue_SOURCES = tests/unit/server/test_overdue.c
tests_unit_server_test_overdue_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_overdue_LDADD = $(control_ldadd)
tests_unit_jobs_test_job_SOURCES = tests/unit/jobs/test_job.c
tests_unit_jobs_test_job_CPPFLAGS = $(unit_cppflags)
tests_unit_jobs_test_job_LDADD = $(control_ldadd)
tests_unit_jobs_test_events_SOURCES = tests/unit/jobs/test_events.c
tests_unit_jobs_test_events_CPPFLAGS = $(unit_cppflags)
tests_unit_jobs_test_events_LDADD = $(control_ldadd)
tests_unit_jobs_test_process_SOURCES = tests/unit/jobs/test_process.c
tests_unit_jobs_test_process_CPPFLAGS = $(unit_cppflags)
tests_unit_jobs_test_process_LDADD = $(control_ldadd)
tests_unit_jobs_test_log_quota_SOURCES = tests/unit/jobs/test_log_quota.c
tests_unit_jobs_test_log_quota_CPPFLAGS = $(unit_cppflags)
tests_unit_jobs_test_log_quota_LDADD = $(control_ldadd)
tests_unit_jobs_test_series_SOURCES = tests/unit/jobs/test_series.c
tests_unit_jobs_test_series_CPPFLAGS = $(unit_cppflags)
tests_unit_jobs_test_series_LDADD = $(control_ldadd)
tests_unit_jobs_test_jobs_SOURCES = tests/unit/jobs/test_jobs.c $(fake_server_sources)
tests_unit_jobs_test_jobs_CPPFLAGS = $(unit_cppflags)
tests_unit_jobs_test_jobs_LDADD = libpmkeep.la $(control_ldadd)

tests_unit_server_test_params_SOURCES = tests/unit/server/test_params.c
tests_unit_server_test_params_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_params_LDADD = $(control_ldadd)
tests_unit_server_test_timers_SOURCES = tests/unit/server/test_timers.c
tests_unit_server_test_timers_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_timers_LDADD = $(control_ldadd)
tests_unit_server_test_conn_limit_SOURCES = tests/unit/server/test_conn_limit.c
tests_unit_server_test_conn_limit_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_conn_limit_LDADD = $(control_ldadd)

tests_unit_server_test_deferred_close_SOURCES = tests/unit/server/test_deferred_close.c
tests_unit_server_test_deferred_close_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_deferred_close_LDADD = $(control_ldadd)

tests_unit_policy_test_peer_SOURCES = tests/unit/policy/test_peer.c
tests_unit_policy_test_peer_CPPFLAGS = $(unit_cppflags)
tests_unit_policy_test_peer_LDADD = $(control_ldadd)
tests_unit_policy_test_visibility_SOURCES = tests/unit/policy/test_visibility.c
tests_unit_policy_test_visibility_CPPFLAGS = $(unit_cppflags)
tests_unit_policy_test_visibility_LDADD = $(control_ldadd)

tests_unit_views_test_fields_SOURCES = tests/unit/views/test_fields.c
tests_unit_views_test_fields_CPPFLAGS = $(unit_cppflags)
tests_unit_views_test_fields_LDADD = $(control_ldadd)

tests_unit_views_test_busiest_SOURCES = tests/unit/views/test_busiest.c
tests_unit_views_test_busiest_CPPFLAGS = $(unit_cppflags)
tests_unit_views_test_busiest_LDADD = $(control_ldadd)

tests_unit_server_test_listen_SOURCES = tests/unit/server/test_listen.c
tests_unit_server_test_listen_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_listen_LDADD = $(control_ldadd)
tests_unit_server_test_listen_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=listen

tests_unit_server_test_action_SOURCES = tests/unit/server/test_action.c \
	control/hold/request.c control/hold/request.h
tests_unit_server_test_action_CPPFLAGS = $(unit_cppflags)
tests_unit_server_test_action_LDADD = $(control_ldadd)
endif

# ---- scenarios: the real plugin against fakes, time as a variable ----

check_PROGRAMS += tests/host/play
tests_host_play_SOURCES = tests/host/play.c tests/host/play.h \
	tests/host/play_expect.c tests/host/play_machine.c \
	tests/host/play_watch.c tests/host/play_jobs.c \
	tests/fakes/collectd.c tests/fakes/collectd.h \
	tests/fakes/machine.c tests/fakes/machine.h \
	tests/fakes/oconfig.c tests/fakes/oconfig.h
tests_host_play_CPPFLAGS = $(AM_CPPFLAGS) $(COLLECTD_CPPFLAGS) \
	-I$(srcdir)/tests
tests_host_play_LDADD = libpmplugin.la libpmcontrol.la libpmwire.la libpmcore.la libpmparser.la libpmbase.la -lm
tests_host_play_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pm_emit -Wl,--wrap=pm_cycle_new \
	-Wl,--wrap=pm_options_init -Wl,--wrap=pm_exchange_new \
	-Wl,--wrap=pm_location_has_block \
	-Wl,--wrap=calloc -Wl,--wrap=realloc

check_PROGRAMS += tests/host/threads
TESTS += tests/host/threads
tests_host_threads_SOURCES = tests/host/threads.c \
	tests/fakes/collectd.c tests/fakes/collectd.h \
	tests/fakes/oconfig.c tests/fakes/oconfig.h \
	tests/fakes/unix.c tests/fakes/unix.h
tests_host_threads_CPPFLAGS = $(tests_host_play_CPPFLAGS)
tests_host_threads_LDADD = $(tests_host_play_LDADD) $(LIBBPF_LIBS)
tests_host_threads_LDFLAGS = $(AM_LDFLAGS) -pthread

TEST_EXTENSIONS = .scn .py .sh
# A test that hangs is ended and fails; its log tells how far it came, and what
# follows it runs.  In the foreground, so that Ctrl-C reaches it.  `make check
# TEST_SECONDS=7200` for one that was asked to run for an hour.
TEST_SECONDS = 900
limited = timeout --foreground --verbose --kill-after=10 $(TEST_SECONDS)
LOG_COMPILER = $(limited)
SCN_LOG_COMPILER = $(limited) ./tests/host/play
PY_LOG_COMPILER = $(limited) $(PYTHON)
SH_LOG_COMPILER = $(limited) $(SHELL)

scenarios = \
	tests/scenario/01-first-intervals.scn \
	tests/scenario/02-pid-reuse.scn \
	tests/scenario/03-birth-under-our-eyes.scn \
	tests/scenario/04-zombies.scn \
	tests/scenario/05-exec.scn \
	tests/scenario/06-ten-turns-a-close.scn \
	tests/scenario/07-cannot-be-read.scn \
	tests/scenario/08-kernel-threads.scn \
	tests/scenario/09-books.scn \
	tests/scenario/10-admission.scn \
	tests/scenario/11-linger.scn \
	tests/scenario/12-crash-loop.scn \
	tests/scenario/13-clock-step.scn \
	tests/scenario/14-deaths.scn \
	tests/scenario/15-configured-groups.scn \
	tests/scenario/16-bad-configuration.scn \
	tests/scenario/17-io.scn \
	tests/scenario/18-names.scn \
	tests/scenario/19-group-by.scn \
	tests/scenario/20-hanging-command-line.scn \
	tests/scenario/21-out-of-memory.scn \
	tests/scenario/22-steps-back.scn \
	tests/scenario/23-io-outside.scn \
	tests/scenario/24-blind.scn \
	tests/scenario/25-exits.scn \
	tests/scenario/26-unseen-processes.scn \
	tests/scenario/27-reaped-io.scn \
	tests/scenario/28-notify.scn \
	tests/scenario/29-last-record.scn \
	tests/scenario/30-alien-kernel.scn \
	tests/scenario/31-snapshot.scn \
	tests/scenario/32-watched.scn \
	tests/scenario/33-command-lines.scn \
	tests/scenario/34-events.scn \
	tests/scenario/35-no-memory-to-watch.scn \
	tests/scenario/36-control-configuration.scn \
	tests/scenario/40-duration.scn \
	tests/scenario/41-sensors.scn \
	tests/scenario/42-counters-step.scn \
	tests/scenario/43-interval.scn \
	tests/scenario/44-suspend.scn \
	tests/scenario/45-time-namespace.scn \
	tests/scenario/46-vanishing-members.scn \
	tests/scenario/47-descriptors.scn \
	tests/scenario/48-many-at-once.scn \
	tests/scenario/49-memory.scn tests/scenario/50-delay.scn tests/scenario/51-passwords.scn \
	tests/scenario/52-jobs.scn tests/scenario/53-jobs-by-proc.scn \
	tests/scenario/54-jobs-come-and-go.scn tests/scenario/55-jobs-io.scn \
	tests/scenario/37-first-event.scn \
	tests/scenario/57-names-forgotten.scn \
	tests/scenario/38-junk.scn \
	tests/scenario/39-two-measurements.scn
TESTS += $(scenarios)
EXTRA_DIST += $(scenarios) tests/scenario/README.md

# ---- cli: the two clients against a server that is told what to say ----

cli_tests = tests/cli/test_client.py tests/cli/test_procmanctl.py tests/e2e/wire.py
TESTS += $(cli_tests)
EXTRA_DIST += $(cli_tests) tests/cli/server.py

# ---- fuzz: the corpus in every check, more by make fuzz ----

# tests/fuzz/fuzz_NAME, with its corpus in tests/fuzz/corpus/NAME
fuzz_targets = tests/fuzz/fuzz_frame tests/fuzz/fuzz_job \
	tests/fuzz/fuzz_json tests/fuzz/fuzz_request
fuzz_cppflags = $(AM_CPPFLAGS) -I$(srcdir)/tests
fuzz_driver = tests/fuzz/fuzz.h tests/fuzz/replay.c \
	tests/unit/support/json_equal.c tests/unit/support/json_equal.h
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/run.sh

tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c $(fuzz_driver)
tests_fuzz_fuzz_frame_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_frame_LDADD = libpmwire.la libpmbase.la

# pure, and of several floors; the fuzzer links the same
fuzz_job_sources = control/hold/fd_message.c control/hold/segment_name.c \
	control/jobs/job.c
tests_fuzz_fuzz_job_SOURCES = tests/fuzz/fuzz_job.c $(fuzz_job_sources) \
	$(fuzz_driver)
tests_fuzz_fuzz_job_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_job_LDADD = libpmwire.la libpmparser.la libpmbase.la

tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c $(fuzz_driver)
tests_fuzz_fuzz_json_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_json_LDADD = libpmwire.la libpmbase.la

tests_fuzz_fuzz_request_SOURCES = tests/fuzz/fuzz_request.c $(fuzz_driver)
tests_fuzz_fuzz_request_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_request_LDADD = libpmrequest.la libpmwire.la libpmbase.la

# make fuzz FUZZ_SECONDS=600, for all of them at once
FUZZ_SECONDS = 60
fuzz:
	PM_SRC='$(abs_srcdir)' YAJL_CFLAGS='$(YAJL_CFLAGS)' \
		YAJL_LIBS='$(YAJL_LIBS)' $(SHELL) $(srcdir)/tests/fuzz/run.sh \
		$(FUZZ_SECONDS) $(fuzz_targets) -- $(base_sources) \
		$(wire_sources) $(request_sources) $(parser_sources) \
		$(fuzz_job_sources) \
		tests/unit/support/json_equal.c || test $$? = 77
.PHONY: fuzz
# what it leaves
clean-local:
	rm -rf fuzz

# ---- the house itself ----

house_tests = tests/house/rooms.py tests/house/headers.sh \
	tests/house/sizes.py tests/house/docs.py tests/house/skeleton.sh \
	tests/house/install.sh tests/house/dist.sh tests/house/versions.py \
	tests/house/dashboards.py tests/house/pages.py
TESTS += $(house_tests)
EXTRA_DIST += $(house_tests) tests/house/sbom.py tests/rooms.txt

# ---- end to end, in the real collectd ----

e2e_tests = tests/e2e/test_again.py tests/e2e/test_authority.py tests/e2e/test_beside.py tests/e2e/test_restart.py tests/e2e/test_lent.py tests/e2e/test_journal.py tests/e2e/test_logs.py tests/e2e/test_config.py \
	tests/e2e/test_control.py \
	tests/e2e/test_guest.py \
	tests/e2e/test_exec_hang.py tests/e2e/test_fdstore.py tests/e2e/test_group.py tests/e2e/test_hang.py tests/e2e/test_hostile.py \
	tests/e2e/test_keep.py tests/e2e/test_start.py tests/e2e/test_jobs.py tests/e2e/test_job_groups.py tests/e2e/test_survive.py tests/e2e/test_job_authority.py tests/e2e/test_job_logs.py tests/e2e/test_ladder.py \
	tests/e2e/test_series.py tests/e2e/test_truth.py \
	tests/e2e/test_wire.py
EXTRA_DIST += $(e2e_tests) tests/e2e/control.py tests/e2e/fuse.py \
	tests/e2e/harness.py tests/e2e/keep.py tests/e2e/logs.py \
	tests/e2e/peer.py \
	tests/e2e/wire.py tests/host/run.sh \
	tests/host/table.sh
if !SANITIZERS
TESTS += $(e2e_tests)
check_PROGRAMS += tests/e2e/hang tests/e2e/trap tests/e2e/old_kernel \
	tests/e2e/job tests/e2e/lines tests/e2e/crash
fuse_sources = tests/e2e/fuse.c tests/e2e/fuse.h
tests_e2e_hang_SOURCES = tests/e2e/hang.c $(fuse_sources)
tests_e2e_hang_LDFLAGS = -pthread
tests_e2e_trap_SOURCES = tests/e2e/trap.c $(fuse_sources)
tests_e2e_old_kernel_SOURCES = tests/e2e/old_kernel.c
# what test_keep.py and test_job_logs.py are made of
tests_e2e_job_SOURCES = tests/e2e/job.c
tests_e2e_job_LDADD = libpmkeep.la libpmparser.la libpmbase.la
tests_e2e_lines_SOURCES = tests/e2e/lines.c
tests_e2e_crash_SOURCES = tests/e2e/crash.c
endif

# captured trees; their list is what is there
EXTRA_DIST += tests/data

# ---- pipelines: by ./bootstrap pipelines ----

EXTRA_DIST += tests/pipelines/churn.py tests/pipelines/daemons.py \
	tests/pipelines/dashboards.py tests/pipelines/farend.py \
	tests/pipelines/fleet.py tests/pipelines/graphite.py \
	tests/pipelines/influxdb.py tests/pipelines/json_http.py \
	tests/pipelines/picture.py tests/pipelines/prometheus.py \
	tests/pipelines/proofs.py tests/pipelines/rrd.py \
	tests/pipelines/rules.py tests/pipelines/run.py \
	tests/pipelines/source.py tests/pipelines/truth.py \
	tests/pipelines/workload.py tests/pipelines/alerts.test.yml \
	tests/pipelines/process-exporter.test.yml \
	tests/pipelines/RESULTS.md

# ---- bench: numbers, never a verdict of `make check` ----

bench_programs = tests/bench/sleepers tests/bench/floor \
	tests/bench/mounts tests/bench/storm tests/bench/threads tests/bench/names \
	tests/bench/stages
tests_bench_sleepers_SOURCES = tests/bench/sleepers.c
tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_mounts_SOURCES = tests/bench/mounts.c
tests_bench_storm_SOURCES = tests/bench/storm.c
tests_bench_names_SOURCES = tests/bench/names.c \
	tests/unit/support/colliding.c tests/unit/support/colliding.h
tests_bench_names_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
tests_bench_names_LDADD = libpmcore.la libpmparser.la libpmbase.la -lm
tests_bench_threads_SOURCES = tests/bench/threads.c
tests_bench_threads_LDFLAGS = -pthread
tests_bench_scans_SOURCES = tests/bench/scans.c
tests_bench_scans_LDADD = libpmcore.la libpmparser.la libpmbase.la -lm
tests_bench_stages_SOURCES = tests/bench/stages.c
tests_bench_stages_LDADD = libpmcore.la libpmparser.la libpmbase.la -lm
if HAVE_BPF
bench_programs += tests/bench/scans
endif
EXTRA_DIST += tests/bench/bench.py tests/bench/contestants.py \
	tests/bench/stages.py tests/bench/hostile.py tests/bench/jobs.py \
	tests/bench/cost.py tests/bench/host.py tests/bench/machine.py \
	tests/bench/scans.py tests/bench/storm.py \
	tests/bench/tables.py tests/bench/wire.py tests/bench/RESULTS.md

check_PROGRAMS += $(bench_programs) # so that they go on to build

# make bench BENCH='--sizes 10000 --write RESULTS.md'
bench: procman.la procman-hold $(bench_programs)
	$(PYTHON) $(srcdir)/tests/bench/bench.py --build . $(BENCH)

# where systemd is PID 1: in a container, so not of `make check`
EXTRA_DIST += tests/e2e/container.py tests/e2e/test_systemd.py tests/e2e/test_unit.py
check-systemd: all $(check_PROGRAMS)
	PM_SRC=$(srcdir) PM_BUILD=. $(PYTHON) $(srcdir)/tests/e2e/test_systemd.py

# the packages in the Debians that they are for: minutes, and root
EXTRA_DIST += tests/package/build.py tests/package/check.py \
	tests/package/chroot.py tests/package/life.py tests/package/machines.py \
	tests/package/rpm.py tests/package/traces.py
check-package: dist
	PM_SRC=$(srcdir) $(PYTHON) $(srcdir)/tests/package/check.py \
		$(distdir).tar.gz
EXTRA_DIST += tests/docs/check.py tests/docs/pages.py
check-docs: dist
	PM_SRC=$(srcdir) $(PYTHON) $(srcdir)/tests/docs/check.py \
		$(distdir).tar.gz

# the kernels that are claimed, in virtual machines: an hour and more, and root
EXTRA_DIST += tests/kernels/RESULTS.md tests/kernels/guest.py tests/kernels/image.py tests/kernels/run.py
KERNELS = kernels
kernels: all
	$(MAKE) check TESTS=
	$(PYTHON) $(srcdir)/tests/kernels/run.py $(KERNELS) --build .
.PHONY: bench check-systemd check-package check-docs kernels
