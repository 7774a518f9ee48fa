-- Whose rights rest, because an activation that they approved was annulled. They may log in and do nothing.
ALTER TABLE staff_account ADD COLUMN paused_at BIGINT;
