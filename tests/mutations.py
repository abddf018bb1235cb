"""The twelve faults that a chain from device to cloud must survive, each with its defences and how to take them out.

`make mutants` takes out one at a time, and the test beside it must fail. docs/faults.md says what each does.
"""

from mutant import Fault, Mutant

FAULTS: tuple[Fault, ...] = (
    Fault(
        1,
        "power cut between accepted and durable",
        "A reading is acknowledged while only RAM holds it, and the power goes.",
        (
            Mutant(
                "test_twelve_faults_disk.py::test_a_transaction_returns_after_the_fsync_of_its_log",
                "store/sqlite.py",
                'conn.execute("PRAGMA synchronous = FULL")',
                'conn.execute("PRAGMA synchronous = NORMAL")',
            ),
            Mutant(
                "test_edge_collector.py::test_no_answer_ever_goes_beyond_what_is_on_disk",
                "edge/answers.py",
                "boot.sender.send(encode(Ack(boot.name, boot.wire_boot, min(boot.stream.cursor, SEQ_MOST))))",
                "boot.sender.send(encode(Ack(boot.name, boot.wire_boot, min(boot.stream.head, SEQ_MOST))))",
            ),
            Mutant(
                "test_edge_collector.py::test_a_fill_is_not_acknowledged_while_the_disk_refuses_it",
                "edge/answers.py",
                "if boot.sender is None or boot.fills or not boot.met:",
                "if boot.sender is None or not boot.met:",
            ),
        ),
    ),
    Fault(
        2,
        "crash with a batch in flight",
        "The sender counts a batch as sent when it reads it, and dies before the answer.",
        (
            Mutant(
                "test_twelve_faults_sync.py::test_a_batch_on_its_way_moves_no_position",
                "sync/replay.py",
                "self._flight = _Flight(self._next, self._post.send(self._next_body), now_s)",
                "self._flight = _Flight(self._next, self._post.send(self._next_body), now_s);"
                " self._at = self._next.after",
            ),
            Mutant(
                "test_twelve_faults_sync.py::test_a_worker_that_dies_in_flight_goes_on_where_the_cloud_stands",
                "sync/replay.py",
                "self._at = self._at.moved(found)",
                "pass",
            ),
        ),
    ),
    Fault(
        3,
        "lost reply, half-open link",
        "The batch arrived and its answer did not: it is sent again, or waited for without end.",
        (
            Mutant(
                "test_cloud_ingest.py::test_the_same_batch_again_changes_nothing_and_says_where_to_go_on",
                "store/receiver.py",
                "if (stream.cursor if stream else part.first - 1) != part.prev_seq:",
                "if False:",
            ),
            Mutant(
                "test_sync_uplink.py::test_a_server_that_never_answers_is_given_up",
                "sync/uplink.py",
                "timeout=(CONNECT_S, ANSWER_S),",
                "timeout=(CONNECT_S, None),",
            ),
        ),
    ),
    Fault(
        4,
        "outage longer than the buffer",
        "The memory is full or the outage is old, readings go that the server never had, and nobody is told which.",
        (
            Mutant(
                "test_edge_device.py::test_a_full_ring_drops_its_oldest_into_one_growing_lost_record",
                "edge/ring.py",
                "self.lost = NoReading(self.device, self.number, gone.seq, gone.uptime_ms, NO_CHANNEL, LOST, count)",
                "self.lost = None",
            ),
            Mutant(
                "test_edge_accounts.py::test_lost_records_are_accounted_for_as_the_device_s_memory",
                "edge/stream.py",
                'self._pass(to_seq, "device-memory")',
                "self.head = to_seq",
            ),
            Mutant(
                "test_edge_pruning.py::test_what_the_cloud_lacks_stays_however_old",
                "edge/pruning.py",
                "if hour[1] in blocked or not self._retention.confirmed(hour, self._clouds):",
                "if hour[1] in blocked:",
            ),
        ),
    ),
    Fault(
        5,
        "disk full or read-only",
        "The disk refuses a write, and the process dies, goes on as if nothing was, or keeps half of it.",
        (
            Mutant(
                "test_edge_collector.py::test_while_the_disk_refuses_nothing_is_acknowledged_or_lost",
                "edge/collector.py",
                "self.pace.failed(at.mono_ms)",
                "raise",
            ),
            Mutant(
                "test_store_database.py::test_any_exception_rolls_a_transaction_back_and_the_connection_goes_on",
                "store/sqlite.py",
                'self.conn.execute("ROLLBACK")',
                'self.conn.execute("COMMIT")',
            ),
            Mutant(
                "test_cloud_ingest.py::test_a_database_that_takes_nothing_now_is_503_and_nothing_is_lost",
                "cloud/reply.py",
                "if isinstance(error, faults.UNAVAILABLE):",
                "if isinstance(error, ZeroDivisionError):",
            ),
        ),
    ),
    Fault(
        6,
        "poison record",
        "One record that is never taken ends the sender, blocks all behind it, or takes its neighbours along.",
        (
            Mutant(
                "test_cloud_poison.py::test_it_is_found_and_everything_else_arrives",
                "sync/replay.py",
                "self._pace.refused(cut.rows)",
                "pass",
            ),
            Mutant(
                "test_cloud_poison.py::test_it_is_kept_on_both_sides_with_the_reason",
                "cloud/intake.py",
                "_keep_alone(self._db, self.site, self._batch, str(error), self._now_ms)",
                "pass",
            ),
            Mutant(
                "test_edge_repeats.py::test_a_refused_record_takes_its_place_and_is_kept_raw",
                "edge/commit.py",
                'draft.holes.append(Hole(seq, seq, "refused"))',
                "pass",
            ),
        ),
    ),
    Fault(
        7,
        "server restored older, or wiped",
        "The server forgot what it had acknowledged, and the sender has deleted it or goes on behind it.",
        (
            Mutant(
                "test_twelve_faults_sync.py::test_a_wiped_cloud_gets_everything_again_and_what_filled_its_gaps_too",
                "sync/position.py",
                "return Position(all_cursors) if back else Position(all_cursors, self.amended, self.filled_to)",
                "return Position(all_cursors, self.amended, self.filled_to)",
            ),
            Mutant(
                "test_sync_replay.py::test_a_quiet_stream_that_went_back_is_found_with_the_next_batch_of_another",
                "sync/replay.py",
                "self._surprised()",
                "pass",
            ),
        ),
    ),
    Fault(
        8,
        "edge card replaced or rolled back",
        "The card is new or an older copy: numbers come twice with other readings, or what it lacks stays away.",
        (
            Mutant(
                "test_sync_accounts.py::test_a_restored_card_gets_its_lost_future",
                "sync/accounts.py",
                "parts = list(cut(theirs)) if self._lacks(theirs) else []",
                "parts: list[Part] = []",
            ),
            Mutant(
                "test_sync_accounts.py::test_a_new_card_is_refilled_with_rows_gaps_and_dates",
                "edge/returned.py",
                "done = mender.mend(part.source, part.boot, rows)",
                "done = Mended()",
            ),
            Mutant(
                "test_cloud_senders.py::test_two_that_take_turns_under_one_name_are_told",
                "cloud/senders.py",
                'self._tell("copy", edge, edge, now_ms)',
                "pass",
            ),
        ),
    ),
    Fault(
        9,
        "clock unset, or stepped",
        "Readings are dated by a clock that is wrong, come out of order, or wait behind a date yet to come.",
        (
            Mutant(
                "test_edge_latedates.py::test_a_row_that_could_be_dated_waits_behind_one_that_cannot_yet",
                "edge/commit.py",
                "waits = True  # the rest of the stream waits behind it, so that times only grow",
                "pass",
            ),
            Mutant(
                "test_clock_cases.py::test_a_step_while_the_time_is_known_loses_and_reorders_nothing",
                "edge/commit.py",
                "dated_ms, taken_ms = taken_ms, max(taken_ms, draft.floor_ms + seq)",
                "dated_ms = taken_ms",
            ),
            Mutant(
                "test_edge_dating.py::test_no_date_is_later_than_what_the_own_clock_shows_now",
                "edge/dating.py",
                "return taken_ms if self._latest_ms is None else min(taken_ms, self._latest_ms)",
                "return taken_ms",
            ),
        ),
    ),
    Fault(
        10,
        "outage between device and edge",
        "The Pi is down while the Arduino measures, and what it says meanwhile is gone.",
        (
            Mutant(
                "test_edge_device.py::test_what_is_acknowledged_is_forgotten_and_what_is_not_stays",
                "edge/ring.py",
                "while self.records and self.records[0].seq <= seq:",
                "while self.records:",
            ),
            Mutant(
                "test_edge_device.py::test_silence_is_answered_by_resends_after_15_30_60_and_60_seconds",
                "edge/device.py",
                "if self._resend_due_ms is not None and uptime_ms >= self._resend_due_ms and not self._resending():",
                "if False:",
            ),
            Mutant(
                "test_edge_stream.py::test_the_head_passes_no_hole_by_itself",
                "edge/stream.py",
                "if record.seq == self.head + 1:",
                "if record.seq > self.head:",
            ),
        ),
    ),
    Fault(
        11,
        "catch-up too slow, starving live, or stampeding",
        "Days of backlog take days, hold up what is new, and a thousand homes come back at once.",
        (
            Mutant(
                "test_sync_replay_pace.py::test_batches_grow_with_the_line_up_to_the_bound",
                "sync/pace.py",
                "self._line_rows = _bounded(min(fitting, 2 * self._line_rows), self._most_rows)",
                "self._line_rows = LEAST_ROWS",
            ),
            Mutant(
                "test_twelve_faults_sync.py::test_a_live_value_overtakes_a_batch_that_is_stuck",
                "edge/sync_worker.py",
                "for work in (self._replay, self._live, self._compare)",
                "for work in (self._replay, self._compare)",
            ),
            Mutant(
                "test_sync_uplink.py::test_pauses_grow_with_jitter_up_to_a_minute",
                "sync/uplink.py",
                "pause = wait_random_exponential(multiplier=1, max=LONGEST_PAUSE_S)(state)",
                "pause = min(2.0**state.attempt_number, LONGEST_PAUSE_S)",
            ),
        ),
    ),
    Fault(
        12,
        "silent divergence by configuration or bug",
        "The twins hold different readings, and nobody notices.",
        (
            Mutant(
                "test_sync_verify.py::test_a_row_that_is_gone_without_a_trace_comes_back",
                "sync/verify.py",
                "if here == there:",
                "if True:",
            ),
            Mutant(
                "test_sync_verify.py::test_both_intact_but_different_is_a_conflict_and_nothing_is_overwritten",
                "store/digest.py",
                "return blake2b(orjson.dumps(sorted(rows), default=repr), digest_size=DIGEST_BYTES).hexdigest()",
                "return blake2b(orjson.dumps(len([*rows])), digest_size=DIGEST_BYTES).hexdigest()",
            ),
            Mutant(
                "test_twelve_faults_sync.py::test_a_cloud_at_a_new_address_gets_also_what_the_one_before_refused",
                "store/clouds.py",
                'row = self._db.execute("SELECT id FROM clouds WHERE url = ?", (url,)).fetchone()',
                'row = self._db.execute("SELECT id FROM clouds").fetchone()',
            ),
        ),
    ),
)
