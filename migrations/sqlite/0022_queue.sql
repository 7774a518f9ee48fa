-- The number with which a resident who was received waits to be called: an office's own, from 1 each day.
ALTER TABLE counter_visit ADD COLUMN queue_office BLOB;
ALTER TABLE counter_visit ADD COLUMN queue_number INTEGER;
ALTER TABLE counter_visit ADD COLUMN queued_at INTEGER;
-- When an officer called them.
ALTER TABLE counter_visit ADD COLUMN called_at INTEGER;
CREATE INDEX counter_visit_queued ON counter_visit (queue_office, queued_at) WHERE queue_office IS NOT NULL;
CREATE INDEX counter_visit_called ON counter_visit (queue_office, called_at) WHERE called_at IS NOT NULL;
