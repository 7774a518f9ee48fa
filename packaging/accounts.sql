-- Two accounts of PostgreSQL: the one that owns the schema and migrates it, and the one that serves. Who takes over a node then holds an
-- account that can neither change the schema nor alter or delete what is only ever added: the audit log, checks, and what happened to digital KTPs.
--
--     ikd migrate                                                  (as the owner, first and after each new version)
--     psql -X -v service=ikd_service -f accounts.sql "$OWNER_URL"  (as the owner, after each `ikd migrate`; it can be run again)
--
-- The role is made beforehand, by whoever may: CREATE ROLE ikd_service LOGIN PASSWORD '…'. Nodes and commands then get
-- `database.url` with it and `database.migrate_on_start = false`.

\set ON_ERROR_STOP on

BEGIN;
GRANT USAGE ON SCHEMA public TO :"service";
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"service";
-- Only ever added to.
REVOKE UPDATE, DELETE ON audit_event, life_event, verification, receipt_batch FROM :"service";
-- Where an event or a batch of checks stands in the log that outsiders check is said afterwards, and how often a check was repeated.
GRANT UPDATE (log_position) ON life_event, receipt_batch TO :"service";
GRANT UPDATE (repeats) ON verification TO :"service";
-- What was migrated: read, so that a node refuses a schema that is not its own.
REVOKE INSERT, UPDATE, DELETE ON _sqlx_migrations FROM :"service";
COMMIT;
