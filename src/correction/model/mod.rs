//! Words and rules of cases. Pure.

mod correction;
mod kind;
mod matter;

pub use correction::{ASK_SECONDS, Correction, KEEP_SECONDS, LIFE_DAYS, LIFE_SECONDS, Opener, REMIND_SECONDS, State};
pub use kind::{Actor, Guide, Kind};
pub use matter::{Field, Matter, Word};
