-- How the tables are spread over a Citus cluster, and the command that spreads them: see docs/scaling.md.
--
--     ikd migrate                                      (at the coordinator, first and after each new version)
--     psql -X -f citus.sql "$DATABASE_URL"             (at the coordinator; -v shards=8 for another number of shards)
--
-- It can be run again: what is spread already stays as it is. It demands that every table is named here, once, and stops before
-- it changes anything when one is not. Before the first run the coordinator is made known to its cluster
-- (citus_set_coordinator_host) and the workers are added (citus_add_node).

\set ON_ERROR_STOP on

-- Shards of each distributed table in all: one to four for a worker. Each shard more makes every statement that asks all of them
-- dearer, and serves nobody.
\if :{?shards}
\else
    \set shards 4
\endif

CREATE TEMPORARY TABLE distribution (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('distributed', 'reference', 'whole')),
    -- The column whose value says which shard a row is on, and the table whose shards it lies beside: its own name when none.
    by_column TEXT,
    beside TEXT,
    CHECK ((kind = 'distributed') = (by_column IS NOT NULL)),
    CHECK ((kind = 'distributed') = (beside IS NOT NULL))
);

-- Every unique key of a distributed table holds its column, or one server could not see that a value is there twice.
INSERT INTO distribution (name, kind, by_column, beside) VALUES
    -- What a check reads and writes of one resident lies on one shard.
    ('credential', 'distributed', 'resident_id', 'credential'),
    ('credential_status', 'distributed', 'resident_id', 'credential'),
    ('credential_holder', 'distributed', 'resident_id', 'credential'),
    ('holder_record', 'distributed', 'resident_id', 'credential'),
    ('holder_portrait', 'distributed', 'resident_id', 'credential'),
    ('permit', 'distributed', 'resident_id', 'credential'),
    ('verification', 'distributed', 'resident_id', 'credential'),
    -- A batch of checks is of one shard, and gets an id of that shard.
    ('receipt_batch', 'distributed', 'batch_id', 'credential'),
    ('life_event', 'distributed', 'resident_id', 'credential'),
    ('record_change', 'distributed', 'resident_id', 'credential'),
    ('status_entry', 'distributed', 'resident_id', 'credential'),
    -- What is noted of a resident is noted where they are.
    ('stop_note', 'distributed', 'subject_id', 'credential'),

    -- What names no resident, or is looked for before one is known: by who asks.
    ('verification_refusal', 'distributed', 'relying_party_id', 'verification_refusal'),
    ('verification_repeat', 'distributed', 'relying_party_id', 'verification_refusal'),
    ('code_use', 'distributed', 'relying_party_id', 'verification_refusal'),
    ('annulled_check', 'distributed', 'relying_party_id', 'verification_refusal'),

    -- Looked up by what a phone or a person brings.
    ('device_binding', 'distributed', 'device_thumbprint', 'device_binding'),
    ('holder_nik', 'distributed', 'nik_index', 'holder_nik'),
    ('presentation_code', 'distributed', 'code_index', 'presentation_code'),
    ('block_code', 'distributed', 'code_index', 'block_code'),
    ('use_window', 'distributed', 'subject', 'use_window');

-- Small, read by all and rarely changed: a copy on every server.
INSERT INTO distribution (name, kind) VALUES
    ('office', 'reference'),
    ('office_above', 'reference'),
    ('office_holiday', 'reference'),
    ('office_hours', 'reference'),
    ('office_list', 'reference'),
    ('office_region', 'reference'),
    ('relying_party', 'reference'),
    ('relying_party_key', 'reference'),
    ('relying_party_purpose', 'reference'),
    ('retention_setting', 'reference'),
    ('setting', 'reference'),
    ('signing_key', 'reference');

-- Whole, on the coordinator; the workers know where.
INSERT INTO distribution (name, kind) VALUES
    -- A registration is unique by its device and by its NIK, which are not its id, and it is locked before what belongs to it.
    -- Registrations live for weeks, not for ever.
    ('registration', 'whole'),
    ('register_check', 'whole'),
    ('counter_visit', 'whole'),
    ('registration_selfie', 'whole'),
    ('registration_register_copy', 'whole'),
    -- Found by the office and forgotten by the registration.
    ('lookup_word', 'whole'),
    ('lookup_due', 'whole'),
    ('second_person_request', 'whole'),
    ('approval_call_back', 'whole'),
    ('activation_code', 'whole'),

    -- A register record is unique by its resident and by its NIK. Where the register is too large for one server, it is a service
    -- of its own.
    ('register_record', 'whole'),
    ('register_portrait', 'whole'),
    ('register_import', 'whole'),

    -- Accounts change at every log-in: on every server at once that would be dear.
    ('staff_account', 'whole'),
    ('staff_invitation', 'whole'),
    ('staff_notice', 'whole'),
    -- Few for each account, and changed with it.
    ('staff_passkey', 'whole'),
    ('staff_passkey_challenge', 'whole'),
    -- A few a week, of the whole nation.
    ('proposal', 'whole'),
    ('staff_session', 'whole'),
    -- Added to every few seconds by every node, and read by a month.
    ('relying_party_usage', 'whole'),
    -- Changed while a quota is used up, by every node.
    ('relying_party_quota', 'whole'),
    -- A queue that one node at a time takes from, in the order of its times.
    ('webhook', 'whole'),
    ('webhook_message', 'whole'),
    -- Unique by what ends, which is no party's id.
    ('relying_party_notice', 'whole'),
    ('login_failure', 'whole'),
    ('reasoned_view', 'whole'),
    ('lookup_use', 'whole'),
    -- Few rows, for a day; what is used up of them is nobody's.
    ('sandbox_key', 'whole'),
    ('sandbox_holder', 'whole'),
    ('sandbox_code', 'whole'),
    ('sandbox_check', 'whole'),
    -- Unique by employee and by the key of the question.
    ('employee_check', 'whole'),

    -- Queues that one node at a time takes from, chains that have one end, and what all nodes agree on.
    ('mail_outbox', 'whole'),
    -- A counter of places that nodes take many of at once.
    ('status_list', 'whole'),
    ('life_notice', 'whole'),
    -- Few, and looked for by the office as often as by the holder; kept for months.
    ('call_block', 'whole'),
    -- One that lives for each phone, with an id of its own; it lives for hours.
    ('recovery', 'whole'),
    -- The same: one that lives for each new phone, one for each holder.
    ('transfer', 'whole'),
    ('contact_change', 'whole'),
    ('contact_visit', 'whole'),
    -- Few, and looked for by the office or the relying party as often as by the holder.
    ('annulment', 'whole'),
    ('departure', 'whole'),
    ('dispute', 'whole'),
    -- The same, and found by its NIK when the register speaks.
    ('correction', 'whole'),
    -- Looked for by the card, by its holder and by the office; those who look stand at a counter.
    ('printed_card', 'whole'),
    ('walk_in', 'whole'),
    ('printed_card_evidence', 'whole'),
    -- Few, of an office each; who is on duty is looked for by a code that is unique everywhere.
    ('outreach', 'whole'),
    ('outreach_roster', 'whole'),
    ('outreach_figure', 'whole'),
    ('duty', 'whole'),
    ('staff_photo', 'whole'),
    ('fraud_report', 'whole'),
    -- Looked for by everybody's words, and by the party.
    ('branch', 'whole'),
    ('branch_list', 'whole'),
    ('branch_report', 'whole'),
    ('branch_tally', 'whole'),
    -- Looked for by the helper and by the office.
    ('help', 'whole'),
    -- What figures count, and figures: written once by whoever serves, read by an office now and then.
    ('life_tally', 'whole'),
    ('registration_step', 'whole'),
    ('figure_day', 'whole'),
    ('figure_wait', 'whole'),
    ('figure_mark', 'whole'),
    ('figure_region', 'whole'),
    ('figure_rate', 'whole'),
    ('figure_scope', 'whole'),
    ('figure_told', 'whole'),
    ('figure_published', 'whole'),
    ('figure_edition', 'whole'),
    ('recap', 'whole'),
    ('mail_allowance', 'whole'),
    ('captcha_spent', 'whole'),
    ('device_proof', 'whole'),
    ('client_assertion', 'whole'),
    ('audit_event', 'whole'),
    ('audit_search', 'whole'),
    ('audit_head', 'whole'),
    -- One tree over all; whoever appends holds one row of it.
    ('log_head', 'whole'),
    ('log_tile', 'whole'),
    ('log_run', 'whole'),
    ('log_chain', 'whole'),
    ('log_checkpoint', 'whole'),
    ('log_cosignature', 'whole'),
    ('lease', 'whole'),
    ('node', 'whole'),
    ('node_key', 'whole'),
    -- A handful of versions, and how far the rows are sealed anew.
    ('node_root', 'whole'),
    ('root_secret', 'whole'),
    ('reseal_progress', 'whole'),
    ('stop_file', 'whole'),
    ('write_probe', 'whole');

DO $$
DECLARE
    unnamed TEXT;
    unknown TEXT;
BEGIN
    SELECT string_agg(t.relname, ', ' ORDER BY t.relname) INTO unnamed FROM pg_class t
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
        AND t.relname NOT LIKE '\_sqlx\_%'
        -- Shards on the coordinator are called after their tables.
        AND regexp_replace(t.relname, '_\d+$', '') NOT IN (SELECT name FROM distribution);
    SELECT string_agg(name, ', ' ORDER BY name) INTO unknown FROM distribution WHERE to_regclass(name) IS NULL;
    IF unnamed IS NOT NULL OR unknown IS NOT NULL THEN
        RAISE EXCEPTION 'the distribution leaves out: %; and names what is no table: %',
            COALESCE(unnamed, 'nothing'), COALESCE(unknown, 'nothing');
    END IF;
END
$$;

-- Each in a transaction of its own, those first that others refer to or lie beside.
SELECT format('SELECT %s WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = %L::regclass)', call, name)
FROM (
    SELECT name, 1 AS turn, format('create_reference_table(%L)', name) AS call FROM distribution WHERE kind = 'reference'
    UNION ALL
    SELECT name, 2, format('create_distributed_table(%L, %L, colocate_with => ''none'', shard_count => %s)',
        name, by_column, :shards)
    FROM distribution WHERE beside = name
    UNION ALL
    SELECT name, 3, format('create_distributed_table(%L, %L, colocate_with => %L)', name, by_column, beside)
    FROM distribution WHERE beside <> name
    UNION ALL
    SELECT name, 4, format('citus_add_local_table_to_metadata(%L, cascade_via_foreign_keys => true)', name)
    FROM distribution WHERE kind = 'whole'
) AS steps
ORDER BY turn, name \gexec

DROP TABLE distribution;
