//! Pictures of strangers: within the limits of what may be read, or refused; and never bigger afterwards than was asked for.
#![no_main]

use ikd::picture::{Limits, Picture, cost};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { bytes: 64 * 1024, least_side: 8, side: 2_048, memory: 32 << 20, work: 2_000_000 };

fuzz_target!(|bytes: &[u8]| {
    let told = cost(bytes, &LIMITS);
    if let Ok(picture) = Picture::read(bytes, &LIMITS) {
        assert!(told.is_ok(), "what is read was judged to be readable");
        let made = picture.at_most(64).upright();
        assert!(made.width() <= 64 && made.height() <= 64);
    }
});
