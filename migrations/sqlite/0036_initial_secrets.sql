-- Until when a password counts that an operator made or typed, and an authenticator secret that an operator saw: they open nothing but
-- the choice of one's own. None where their owner chose them, and for everybody of before there was this mark.
ALTER TABLE staff_account ADD COLUMN initial_password_until INTEGER;
ALTER TABLE staff_account ADD COLUMN initial_totp_until INTEGER;
