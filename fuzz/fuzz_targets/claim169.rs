//! Claim 169 of offline QRs: what is read is written and read again as the same.
#![no_main]

use ciborium::Value;
use ikd_token::claim169::OfflineClaims;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(Value::Array(both)) = ciborium::from_reader::<Value, _>(bytes) else { return };
    let [Value::Map(map), Value::Map(more)] = both.as_slice() else { return };
    if let Some(claims) = OfflineClaims::from_maps(map, more) {
        let (map, more) = claims.to_maps();
        assert!(OfflineClaims::from_maps(&map, &more).is_some_and(|again| again == claims));
    }
});
