-- Roles of an office beside officers and supervisors, until when somebody works there, and as whom somebody acts for a time. The program
-- alone knows the words for roles from here on.
ALTER TABLE staff_account DROP CONSTRAINT staff_account_role_check;
ALTER TABLE staff_account ADD COLUMN ends_at BIGINT;
ALTER TABLE staff_account ADD COLUMN acting_role TEXT;
ALTER TABLE staff_account ADD COLUMN acting_until BIGINT;
