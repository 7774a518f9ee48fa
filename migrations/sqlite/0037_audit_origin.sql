-- From where an entry of the audit log came: the node, and keyed digests of the session and of the client's network. Entries
-- of before have none, and their digests hold as they are.
ALTER TABLE audit_event ADD COLUMN node_id BLOB;
ALTER TABLE audit_event ADD COLUMN session_digest TEXT;
ALTER TABLE audit_event ADD COLUMN network_digest TEXT;
