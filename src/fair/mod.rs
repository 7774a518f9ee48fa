//! Shares: whatever a stranger can hold or use up has a share per client before it has a total, so that one client who takes
//! all it can get leaves room for every other. Nothing here knows HTTP or SQL.

pub mod budget;
pub mod meter;
pub mod network;
pub mod turns;
pub mod whose;

pub use budget::{Budget, Portion};
pub use meter::Meter;
pub use network::{Network, Tier, tiers};
pub use turns::{Turn, Turns};
pub use whose::{for_client, whose, whose_share};
