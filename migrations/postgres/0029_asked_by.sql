-- What somebody asked for ends when they are stopped.
CREATE INDEX staff_invitation_asker ON staff_invitation (asked_by);
