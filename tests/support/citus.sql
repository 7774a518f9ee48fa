-- In place of Citus: its functions as packaging/citus.sql calls them, over hash partitions of one server. What a shard is there, a
-- partition is here; tables that would be copied to every server, or stay on one, stay as they are.

CREATE SCHEMA citus;
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

CREATE FUNCTION create_distributed_table(
    table_name regclass, distribution_column text, colocate_with text, shard_count int DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := table_name::text;
    options text[] := (SELECT reloptions FROM pg_class WHERE oid = table_name);
    beside text := CASE colocate_with WHEN 'none' THEN name ELSE colocate_with END;
    shards int := COALESCE(shard_count,
        (SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass(beside)));
BEGIN
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = table_name) THEN
        RAISE EXCEPTION '% has a trigger or a foreign key', name;
    END IF;
    EXECUTE format('ALTER TABLE %I RENAME TO %I', name, name || '_whole');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL) PARTITION BY HASH (%I)', name, name || '_whole', distribution_column);
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
