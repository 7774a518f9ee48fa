-- In place of Citus: its functions as packaging/citus.sql calls them, over hash partitions of one server. What a shard is there, a
-- partition is here, with the same residents; tables that would be copied to every server, or stay on one, stay as they are.

CREATE SCHEMA citus;
-- Whoever writes a row has its place found by what is in here.
GRANT USAGE ON SCHEMA citus TO PUBLIC;
SET search_path = citus;

CREATE TABLE pg_dist_partition (
    logicalrelid regclass NOT NULL PRIMARY KEY,
    -- What packaging/citus.sql calls it.
    kind text NOT NULL,
    by_column text,
    beside text
);

CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE sql
    AS $$ INSERT INTO citus.pg_dist_partition VALUES (table_name, 'reference') $$;

CREATE FUNCTION citus_add_local_table_to_metadata(table_name regclass, cascade_via_foreign_keys boolean DEFAULT false)
    RETURNS void LANGUAGE sql
    AS $$ INSERT INTO citus.pg_dist_partition VALUES (table_name, 'whole') $$;

-- Which of so many equal ranges of the hash a value is in, from 0 on: Citus's rule, and the one that nodes go by.
CREATE FUNCTION shard_of(value uuid, shards int) RETURNS int LANGUAGE sql IMMUTABLE STRICT
    AS $$ SELECT LEAST((pg_catalog.uuid_hash(value)::bigint + 2147483648) / (4294967296 / shards), shards - 1)::int $$;

-- PostgreSQL's own rule for partitions is another one: the rest of a 64-bit hash. This makes an operator class whose hash leads
-- to the partition with the number of the shard. The server adds 5305509591434766563 to it (hash_combine64).
CREATE FUNCTION ranges(shards int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text := format('ranges_%s', shards);
BEGIN
    IF NOT EXISTS (SELECT FROM pg_opclass WHERE opcname = name) THEN
        EXECUTE format('CREATE FUNCTION citus.%s(value uuid, seed bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT
            AS $f$ SELECT citus.shard_of(value, %s) - 5305509591434766563 $f$', name, shards);
        EXECUTE format('CREATE OPERATOR CLASS citus.%s FOR TYPE uuid USING hash AS
            OPERATOR 1 =, FUNCTION 1 pg_catalog.uuid_hash(uuid), FUNCTION 2 citus.%s(uuid, bigint)', name, name);
    END IF;
    RETURN 'citus.' || name;
END
$$;

CREATE FUNCTION create_distributed_table(
    table_name regclass, distribution_column text, colocate_with text, shard_count int DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := table_name::text;
    options text[] := (SELECT reloptions FROM pg_class WHERE oid = table_name);
    beside text := CASE colocate_with WHEN 'none' THEN name ELSE colocate_with END;
    shards int := COALESCE(shard_count,
        (SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass(beside)));
    is_uuid bool := EXISTS (SELECT FROM pg_attribute WHERE attrelid = table_name
        AND attname = distribution_column AND atttypid = 'uuid'::regtype);
BEGIN
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = table_name) THEN
        RAISE EXCEPTION '% has a trigger or a foreign key', name;
    END IF;
    EXECUTE format('ALTER TABLE %I RENAME TO %I', name, name || '_whole');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) PARTITION BY HASH (%I %s)',
        name, name || '_whole', distribution_column, CASE WHEN is_uuid THEN citus.ranges(shards) END);
    FOR shard IN 0 .. shards - 1 LOOP
        -- A partitioned table takes no storage parameters; its partitions do.
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)%s',
            name || '_p' || shard, name, shards, shard, ' WITH (' || array_to_string(options, ', ') || ')');
    END LOOP;
    EXECUTE format('INSERT INTO %I SELECT * FROM %I', name, name || '_whole');
    EXECUTE format('DROP TABLE %I', name || '_whole');
    INSERT INTO citus.pg_dist_partition VALUES (name::regclass, 'distributed', distribution_column, beside);
END
$$;
