//! Shares: whatever a client can hold or use up is limited per client before it is limited in all, so that a client who
//! takes everything it can get leaves room for every other. Nothing here knows HTTP or SQL.

pub mod alike;
pub mod budget;
pub mod meter;
pub mod network;
pub mod pace;
pub mod turns;
pub mod whose;

pub use alike::alike;
pub use budget::{Budget, Portion};
pub use meter::Meter;
pub use network::{Network, Tier, tiers};
pub use pace::{Pace, Stay};
pub use turns::{Turn, Turns};
pub use whose::{for_client, in_session, whose, whose_session, whose_share};
