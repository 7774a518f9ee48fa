//! Signed notes, checkpoints and keys of the log: one text for one value.
#![no_main]

use ikd::tlog::note::{Checkpoint, Note, Verifier};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(note) = text.parse::<Note>() {
        assert_eq!(note.to_string(), text, "a note has one spelling");
        if let Ok(checkpoint) = note.text.parse::<Checkpoint>() {
            let again: Checkpoint = checkpoint.to_string().parse().expect("what is written is read");
            assert_eq!((again.size, again.root, again.origin), (checkpoint.size, checkpoint.root, checkpoint.origin));
        }
        assert!(note.demand_signed(&[]).is_err(), "nobody is trusted");
    }
    if let Ok(verifier) = text.parse::<Verifier>() {
        assert_eq!(verifier.to_string().parse::<Verifier>().ok().as_ref(), Some(&verifier));
    }
});
