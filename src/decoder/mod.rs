//! Pictures that others made are decoded in a process of its own: it has no network, no files, no keys and no other person's picture, and it
//! may die without harm (docs/adr/0038-decoders-apart.md).
//!
//! The program starts itself again as a decoder, which gives up whatever it does not need before it reads the first byte (`cage`), reads a
//! picture and answers with pixels (`wire`). The service makes a file of them itself: nothing that it keeps or sends was written by a process
//! that a stranger's file went through. For strangers each process reads one picture.

#[cfg(target_os = "linux")]
pub mod cage;
#[cfg(not(target_os = "linux"))]
#[path = "open.rs"]
pub mod cage;
pub mod child;
mod death;
mod pool;
mod process;
mod wire;

pub use death::Death;
pub use pool::{DecodeError, Decoders, Reading};
pub use process::{Program, StartError};
pub use wire::Measures;

use strum::VariantArray;

use crate::metric::Metric;

/// The argument with which the program is started as a decoder.
pub const COMMAND: &str = "decoder";

/// What decoders are measured by.
pub const METRICS: &[Metric] = &[
    Metric::counter("ikd_pictures_decoded_total", "Pictures that a decoder answered, by result: read, refused."),
    Metric::counter(
        "ikd_decoder_deaths_total",
        "Decoders that ended without an answer, by cause: forbidden, crashed, cpu, stuck, untrue, killed, start.",
    ),
];

/// Counts no death of each cause: what first appears as one is no growth to whoever draws it, and the first forbidden call is to be told.
pub fn count_from_zero() {
    for cause in Death::VARIANTS.iter().map(|death| death.word()).chain([pool::START]) {
        metrics::counter!("ikd_decoder_deaths_total", "cause" => cause).increment(0);
    }
}
