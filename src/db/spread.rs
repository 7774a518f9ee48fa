//! The servers of a node on PostgreSQL: the one that `database.url` names, and those of shards (`database.shard_urls`). The node's
//! connections to them are in shares that take nothing from each other: what is done one by one, batches of no shard, and the
//! batches of each shard. So a shard whose server is slow holds up its own residents.

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;

use super::condition::Condition;
use super::kept::{GivenUp, KeptConnection};
use super::server::{Connections, Servers, Share};
use super::watch::Probe;
use super::{Address, DbError, DbResult, PerShard, PoolSizes, Shard, Shards};

/// Place of the share of what is done one by one, at the server that `database.url` names.
const OTHERS: usize = 0;
/// Place of the share of batches of no shard there. With one shard it is that of all batches.
const BATCHES: usize = 1;
/// Place of the first shard's share there, where shards share that server.
const FIRST_SHARD: usize = 2;

/// All servers of a node. Cloning shares the connections.
#[derive(Clone)]
pub(super) struct Spread {
    whole: Servers,
    lanes: PerShard<Lane>,
    /// Whether the shards have servers of their own.
    apart: bool,
    sizes: PoolSizes,
}

/// Where the batches of a shard get their connections.
struct Lane {
    servers: Servers,
    share: usize,
}

impl Spread {
    /// Connects to the server that `database.url` names; to those of shards when they are needed, so that one that is out of
    /// service keeps no node from starting.
    pub(super) async fn open(
        list: Vec<PgConnectOptions>,
        of_shards: Vec<Address>,
        sizes: PoolSizes,
        condition: Arc<Condition>,
    ) -> DbResult<Self> {
        let apart = !of_shards.is_empty();
        if apart && of_shards.len() != sizes.shards.count() as usize {
            return Err(DbError::Other(String::from("each shard needs an address, or none has one")));
        }
        let connections = Connections { shares: shares_of_whole(sizes, apart), sizes, probe: Probe::Row };
        let whole = Servers::open(list, connections, condition).await?;
        let of_shards: Vec<Servers> = of_shards.into_iter().map(|one| of_shard(one, sizes)).collect::<DbResult<_>>()?;
        let lane = |shard: Shard| match of_shards.get(shard.place()) {
            Some(servers) => Lane { servers: servers.clone(), share: 0 },
            None if sizes.shards.count() == 1 => Lane { servers: whole.clone(), share: BATCHES },
            None => Lane { servers: whole.clone(), share: FIRST_SHARD + shard.place() },
        };
        Ok(Self { lanes: PerShard::new(sizes.shards, lane), whole, apart, sizes })
    }

    /// The server that `database.url` names.
    pub(super) const fn whole(&self) -> &Servers {
        &self.whole
    }

    /// The servers of shards that have their own.
    pub(super) fn of_shards(&self) -> impl Iterator<Item = (Shard, &Servers)> {
        self.sizes
            .shards
            .all()
            .zip(self.lanes.iter())
            .filter(|_| self.apart)
            .map(|(shard, lane)| (shard, &lane.servers))
    }

    /// How many shards there are.
    pub(super) const fn shards(&self) -> Shards {
        self.sizes.shards
    }

    /// A connection for what is done one by one.
    pub(super) async fn of_others(&self) -> DbResult<KeptConnection> {
        self.whole.take(OTHERS).await
    }

    /// A connection for a batch of no shard.
    pub(super) async fn of_batches(&self) -> DbResult<KeptConnection> {
        self.whole.take(BATCHES).await
    }

    /// A connection for a batch of a shard.
    pub(super) async fn of_shard(&self, shard: Shard) -> DbResult<KeptConnection> {
        let lane = self.lanes.at(shard);
        lane.servers.take(lane.share).await
    }

    /// How many batches of a shard may hold a connection at once.
    pub(super) const fn room_of_shard(&self) -> u32 {
        if is_divided(self.sizes, self.apart) { self.sizes.of_shard() } else { self.sizes.of_batches() }
    }

    /// How many batches of no shard should be under way at once: a quarter of what they share with others, where they do.
    pub(super) const fn room_of_no_shard(&self) -> u32 {
        if is_divided(self.sizes, self.apart) { self.sizes.of_no_shard() } else { self.sizes.of_batches() / 4 }
    }

    /// Closes all connections; those that do not answer are abandoned.
    pub(super) async fn close(&self) {
        let shards = self.of_shards().map(|(_, servers)| servers.close());
        futures_util::future::join(self.whole.close(), futures_util::future::join_all(shards)).await;
    }
}

/// Whether shards have connections of their own.
const fn is_divided(sizes: PoolSizes, apart: bool) -> bool {
    apart || sizes.shards.count() > 1
}

/// The shares at the server that `database.url` names.
fn shares_of_whole(sizes: PoolSizes, apart: bool) -> Vec<Share> {
    let of_batches = |connections| Share { connections, given_up: GivenUp::Close };
    let others = Share { connections: sizes.of_others(), given_up: GivenUp::Ask };
    if !is_divided(sizes, apart) {
        return vec![others, of_batches(sizes.of_batches())];
    }
    let of_shards = if apart { 0 } else { sizes.shards.count() as usize };
    let mut shares = vec![others, of_batches(sizes.of_no_shard())];
    shares.extend(std::iter::repeat_n(of_batches(sizes.of_shard()), of_shards));
    shares
}

/// The servers of one shard, which are asked nothing yet.
fn of_shard(address: Address, sizes: PoolSizes) -> DbResult<Servers> {
    let Address::Servers(list) = address else {
        return Err(DbError::Other(String::from("a shard is on a server, not in a file")));
    };
    let shares = vec![Share { connections: sizes.of_shard(), given_up: GivenUp::Close }];
    Servers::open_later(list, Connections { shares, sizes, probe: Probe::Log }, Arc::default())
}
