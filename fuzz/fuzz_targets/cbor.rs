//! Deterministic CBOR: what is accepted is written the same way again, and another reader reads the same in it.
#![no_main]

use ciborium::Value;
use ikd_token::cbor;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let ours = cbor::decode(bytes);
    let theirs: Option<Value> = ciborium::from_reader(bytes).ok();
    if let Some(value) = ours {
        assert_eq!(cbor::encode(&value), bytes);
        // NaN is not equal to itself.
        assert_eq!(theirs.map(|value| format!("{value:?}")), Some(format!("{value:?}")));
    } else if let Some(value) = theirs {
        // Written deterministically it is read, but for what nests deeper than ours allows or holds a key twice.
        let written = cbor::encode(&value);
        if let Some(read) = cbor::decode(&written) {
            assert_eq!(cbor::encode(&read), written);
        }
    }
});
