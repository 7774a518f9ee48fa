//! How many connections a node may hold, for how long, and whose they are.

use super::Shards;

/// Fewest connections of a shard's batches: while one commits, another reads.
const LEAST_OF_SHARD: u32 = 2;

/// How many connections a node may hold, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct PoolSizes {
    /// PostgreSQL connections, half of them for batches; for SQLite the readers (there is always exactly one writer).
    pub connections: u32,
    /// PostgreSQL: how many shards the batches' half is for.
    pub shards: Shards,
    /// Seconds to wait for a free connection before the caller is told that the database is not available.
    pub acquire_timeout_seconds: u64,
    /// PostgreSQL: seconds that a statement may take; 0 for no limit.
    pub statement_timeout_seconds: u64,
    /// PostgreSQL: seconds that a transaction may idle before the server ends it; 0 for no limit.
    pub idle_transaction_timeout_seconds: u64,
}

impl PoolSizes {
    /// The fewest connections that serve so many shards: half of them for batches, of which each shard has two and what is of no
    /// shard has one. With one shard that has no URL of its own, batches share what there is.
    pub const fn least(shards: Shards, apart: bool) -> u32 {
        if apart || shards.count() > 1 { 2 * (LEAST_OF_SHARD * shards.count() + 1) } else { 3 }
    }

    /// Of the PostgreSQL connections, those that batches keep: half, and at least one.
    pub(super) const fn of_batches(self) -> u32 {
        if self.connections < 2 { 1 } else { self.connections / 2 }
    }

    /// The others: at least one.
    pub(super) const fn of_others(self) -> u32 {
        if self.connections < 2 { 1 } else { self.connections - self.of_batches() }
    }

    /// Of the batches' connections, those of each shard where shards have their own.
    pub(super) const fn of_shard(self) -> u32 {
        match self.of_batches().saturating_sub(1) / self.shards.count() {
            0 => 1,
            share => share,
        }
    }

    /// Of the batches' connections, those of what is of no shard where shards have their own.
    pub(super) const fn of_no_shard(self) -> u32 {
        match self.of_batches().saturating_sub(self.of_shard() * self.shards.count()) {
            0 => 1,
            rest => rest,
        }
    }
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self {
            connections: 16,
            shards: Shards::ONE,
            acquire_timeout_seconds: 5,
            statement_timeout_seconds: 30,
            idle_transaction_timeout_seconds: 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_shared_out_to_the_last_one() {
        for count in 1..=Shards::MOST {
            let shards = Shards::new(count).unwrap();
            let least = PoolSizes::least(shards, true);
            for connections in least..least + 100 {
                let sizes = PoolSizes { connections, shards, ..PoolSizes::default() };
                let all = sizes.of_others() + sizes.of_no_shard() + count * sizes.of_shard();
                assert_eq!(all, connections, "{sizes:?}");
                assert!(sizes.of_shard() >= LEAST_OF_SHARD, "{sizes:?}");
            }
            let few = PoolSizes { connections: least - 1, shards, ..PoolSizes::default() };
            assert!(few.of_shard() < LEAST_OF_SHARD, "{few:?}");
        }
        assert_eq!((PoolSizes::least(Shards::ONE, false), PoolSizes::least(Shards::ONE, true)), (3, 6));
        assert_eq!(PoolSizes::least(Shards::new(4).unwrap(), false), 18);
    }
}
