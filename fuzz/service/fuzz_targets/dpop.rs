//! DPoP proofs: a proof that holds is one that its own key signed, for this request. Whatever a stranger makes of ours, nothing but ours holds
//! under our key.
#![no_main]

use std::sync::OnceLock;

use ikd::device::client::{DeviceKey, ProofFor};
use ikd::device::Thumbprint;
use ikd::device::dpop::{Expected, verify};

use libfuzzer_sys::fuzz_target;

const URL: &str = "https://ikd.example/v1/me/presentations";

/// A key that nobody else has, and the one proof that it made.
fn ours() -> &'static (Thumbprint, String) {
    static OURS: OnceLock<(Thumbprint, String)> = OnceLock::new();
    OURS.get_or_init(|| {
        let key = DeviceKey::from_secret(&[7; 32]).expect("a scalar");
        let what = ProofFor { body: b"{}", nonce: Some("nonce"), access_token: Some("token"), iat: 1_800_000_000, ..ProofFor::new("POST", URL) };
        (key.thumbprint(), key.proof_with_jti("AAAAAAAAAAAAAAAAAAAAAA", &what))
    })
}

fuzz_target!(|bytes: &[u8]| {
    let (thumbprint, proof) = ours();
    let expected = Expected { method: "POST", url: URL, query: None, access_token: Some("token") };
    assert!(verify(proof, &expected).is_ok());
    // A proof as it comes, and ours with a piece of it replaced: the first two bytes say where.
    let mut texts = vec![String::from_utf8_lossy(bytes).into_owned()];
    if let [a, b, put @ ..] = bytes {
        let at = (usize::from(*a) * 256 + usize::from(*b)) % proof.len();
        let put = String::from_utf8_lossy(put);
        texts.push(format!("{}{put}{}", &proof[..at], &proof[(at + put.len()).min(proof.len())..]));
    }
    for text in texts {
        if let Ok(held) = verify(&text, &expected)
            && held.thumbprint == *thumbprint
        {
            let signed = |text: &str| text.rsplit_once('.').map(|(signed, _)| signed.to_owned());
            assert_eq!(signed(&text), signed(proof), "nobody signed this");
        }
    }
});
