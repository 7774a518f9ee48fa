//! Status lists, as JWT and as CWT, and the compressed bits in them: nothing is read beyond a list's end, and little input stays little memory.
#![no_main]

use ikd_token::{Algorithm, KeyId, KeyPurpose, PublicKey, StatusList, VerifyingKeys, status};
use libfuzzer_sys::fuzz_target;

struct AnyKey;

impl VerifyingKeys for AnyKey {
    fn find(&self, _: &KeyId, _: KeyPurpose) -> Option<PublicKey> {
        let mut point = [0x66; 32];
        point[0] = 0x58;
        PublicKey::from_bytes(Algorithm::Ed25519, &point)
    }
}

fuzz_target!(|bytes: &[u8]| {
    assert!(status::read(bytes, "https://ikd.example/v1/status-lists/1", &AnyKey, 1_800_000_000).is_err());
    let Some((bits, compressed)) = bytes.split_first() else { return };
    if let Ok(list) = StatusList::inflate(u64::from(*bits), compressed) {
        for index in [0, 1, 7, 8, u32::MAX] {
            let _ = list.get(index);
        }
        assert!(list.get(u32::MAX).is_none(), "no list is that long");
        // Read back it says the same.
        let again = StatusList::inflate(u64::from(*bits), &list.compressed());
        assert!(again.is_err() || again.is_ok_and(|again| (0..64).all(|index| again.get(index) == list.get(index))));
    }
});
