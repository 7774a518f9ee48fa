-- With which version a node seals, as it said last: an old root secret is not retired while one may still seal with it.
ALTER TABLE node ADD COLUMN sealing INTEGER;
-- SHA-256 of what is kept of a retired version: all nodes have the same file.
ALTER TABLE root_secret ADD COLUMN retained_digest TEXT;
-- An old version that was found when there were no rows of versions yet has sealed. One that was overtaken before it sealed has not.
UPDATE root_secret SET activated_at = published_at WHERE state IN ('old', 'retired') AND activated_at IS NULL;
