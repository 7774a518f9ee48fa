//! What the parts of a check cost, each alone on one core: `cargo bench`.
//!
//! Each line is the median of rounds of at least 50 ms, with the allocations of one call. An argument names the parts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measuring tool"
)]
#![allow(unsafe_code, reason = "an allocator that counts cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ed25519_dalek::Signature;
use ikd::attribute::{Attribute, AttributeSet};
use ikd::clock::Timestamp;
use ikd::credential::cose::{self, Decoded};
use ikd::credential::signatures::{Signed, all_good};
use ikd::credential::verify::authenticate;
use ikd::credential::{
    Algorithm, FileSigner, Issuer, KeyPurpose, PublicKey, SealedRecord, Signer, TokenKind, TokenSealer, VerifyingKeys,
    cose_receipt, qr, text,
};
use ikd::device::client::{DeviceKey, ProofFor};
use ikd::device::dpop;
use ikd::disclosure::disclose;
use ikd::random::Random;
use ikd::register::generate::Generator;
use ikd::register::{Date, RegisterRecord};
use ikd::relying_party::Party;
use ikd::secret::Redacted;
use ikd::vault::Vault;
use ikd::verification::model::{Content, IdempotencyKey, Medium, Presented, Question, Verdict};
use ikd::verification::receipt::{self, Statement};
use ikd::verification::signed::SignedBatch;
use uuid::Uuid;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: hands everything to the system's allocator and counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn measure<T>(wanted: &str, name: &str, mut work: impl FnMut() -> T) {
    if !name.contains(wanted) {
        return;
    }
    let mut calls = 1_u32;
    let time = |calls: u32, work: &mut dyn FnMut() -> T| {
        let begun = Instant::now();
        for _ in 0..calls {
            black_box(work());
        }
        begun.elapsed()
    };
    while time(calls, &mut work) < Duration::from_millis(50) {
        calls *= 2;
    }
    let mut rounds: Vec<f64> = (0..11).map(|_| time(calls, &mut work).as_secs_f64() / f64::from(calls) * 1e6).collect();
    rounds.sort_by(f64::total_cmp);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    black_box(work());
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    println!("{name:<44} {:>10.2} µs   {allocations:>5} allocations", rounds[rounds.len() / 2]);
}

struct Key(FileSigner);

impl VerifyingKeys for Key {
    fn find(&self, kid: &[u8; 8], _: KeyPurpose) -> Option<PublicKey> {
        (*kid == self.0.kid()).then(|| *self.0.public_key())
    }
}

fn main() {
    let wanted = std::env::args().nth(1).filter(|word| !word.starts_with("--")).unwrap_or_default();
    let wanted = wanted.as_str();
    let random = Random::system();
    let (vault, key) = (Vault::single([7; 32]), Key(FileSigner::from_seed(&[9; 32])));
    let sealer = TokenSealer::new(vault.clone());
    let issuer = Issuer { signer: &key.0, sealer: &sealer, random: &random, name: "ikd.example" };
    let now = Timestamp::from_seconds(1_795_248_000);
    let resident = random.uuid_v7(now);
    let record = SealedRecord {
        kind: TokenKind::Presentation,
        subject: resident,
        generation: 1,
        issued: now,
        attributes: AttributeSet::FULL.bits(),
    };
    let token = issuer.issue(record).unwrap().token;
    let cose = text::decode(&token).unwrap();
    let Decoded { message, signature, .. } = cose::decode(&cose).unwrap();
    let PublicKey::Ed25519(public) = *key.0.public_key() else { panic!("Ed25519") };
    let signature = Signature::from_bytes(&signature);
    let expected = [TokenKind::Presentation, TokenKind::Offline, TokenKind::Card];
    println!("a token has {} characters", token.len());
    measure(wanted, "sign (Ed25519)", || key.0.sign(&message));
    measure(wanted, "verify_strict (Ed25519)", || public.verify_strict(&message, &signature));
    let signed = Signed { key: *key.0.public_key(), message: message.clone(), signature: signature.to_bytes() };
    for count in [4, 8, 16, 32] {
        let all = vec![&signed; count];
        measure(wanted, &format!("verify together (Ed25519) {count}"), || all_good(&all));
    }
    let es256 = FileSigner::from_seed_of(Algorithm::Es256, &[9; 32]).unwrap();
    measure(wanted, "sign (ES256)", || es256.sign(&message));
    let signature = Algorithm::Es256.canonical(es256.sign(&message).unwrap());
    let signed = Signed { key: *es256.public_key(), message: message.clone(), signature };
    measure(wanted, "verify (ES256, ring)", || all_good(&[&signed]));
    measure(wanted, "verify (ES256, p256)", || signed.check());
    measure(wanted, "decode: base45, zlib", || text::decode(&token));
    measure(wanted, "decode: cose, claims", || cose::decode(&cose).is_ok());
    measure(wanted, "authenticate (decode and verify_strict)", || {
        authenticate(&token, &expected, "ikd.example", &key).is_ok()
    });
    let authentic = authenticate(&token, &expected, "ikd.example", &key).ok().unwrap();
    measure(wanted, "unseal", || authentic.unseal(&sealer));
    measure(wanted, "issue a token", || issuer.issue(record).unwrap().token);

    let question = Question {
        shown: Presented::Token(Redacted(token.clone())),
        purpose: "open_account".into(),
        attributes: None,
        key: IdempotencyKey([0; 16]),
    };
    measure(wanted, "hash of the question", || question.body_hash());
    let today = Date::parse("2026-11-21").unwrap();
    let person = Generator::new(7, today).resident(1).unwrap();
    let sealed = vault.seal_row(&random, "holder_record", resident, &person).unwrap();
    measure(wanted, "seal a record", || vault.seal_row(&random, "holder_record", resident, &person));
    measure(wanted, "open a record", || vault.open_row::<RegisterRecord>("holder_record", resident, &sealed).is_ok());
    let picture = vault.seal_bytes(&random, "holder_portrait", resident, &[7; 20_000]).unwrap();
    measure(wanted, "open a portrait of 20 KB", || vault.open_bytes("holder_portrait", resident, &picture).is_ok());
    let chosen = [Attribute::FullName, Attribute::BirthDate, Attribute::Sex, Attribute::AgeOver17];
    let set = chosen.into_iter().fold(AttributeSet::EMPTY, AttributeSet::with);
    measure(wanted, "disclose four attributes", || disclose(&person, set, today));
    let content = Content { attributes: disclose(&person, set, today), portrait: None };
    let party = Party {
        relying_party_id: Uuid::from_u128(1),
        name: "Bank Contoh".into(),
        entitled: AttributeSet::FULL,
        purposes: Vec::new(),
        contract: None,
        quota: ikd::relying_party::Quota::default(),
    };
    let salt = random.bytes();
    let statement = Statement {
        verification_id: random.uuid_v7(now),
        party: &party,
        purpose: "open_account",
        verified_at: now,
        verdict: Verdict::Valid,
        medium: Medium::Phone,
        disclosed: set,
        content: &content,
        salt: &salt,
        record: None,
    };
    let stated = || receipt::claims(&statement, "ikd.example").map(|claims| cose_receipt::statement(&claims));
    measure(wanted, "state a check", || stated().is_ok());
    measure(wanted, "receipt, signed alone", || {
        let leaves = vec![cose_receipt::leaf(&stated().unwrap_or_default())];
        SignedBatch::sign(leaves, &key.0).map(|signed| signed.proof(0)).is_ok()
    });
    let leaves: Vec<_> = (0..32_u8).map(|number| cose_receipt::leaf(&[number])).collect();
    measure(wanted, "sign 32 leaves", || SignedBatch::sign(leaves.clone(), &key.0).is_ok());
    let signed = SignedBatch::sign(leaves, &key.0).expect("a file's key signs");
    measure(wanted, "a proof of 32", || signed.proof(17));
    measure(wanted, "16 random bytes", || random.bytes::<16>());

    let device = DeviceKey::generate(&random);
    let url = "http://127.0.0.1:8080/v1/me/presentations";
    let body = br#"{"share":"basic"}"#;
    let what = ProofFor { body, nonce: Some("nonce"), access_token: Some("token"), ..ProofFor::new("POST", url) };
    let proof = device.proof(&random, &what);
    let demanded = dpop::Expected { method: "POST", url, query: None, access_token: Some("token") };
    measure(wanted, "check a DPoP proof (ES256)", || dpop::verify(&proof, &demanded).is_ok());
    measure(wanted, "QR as SVG", || qr::svg(&token));
    measure(wanted, "QR as PNG", || qr::png(&token));
    let generator = Generator::new(7, today);
    let mut index = 0;
    measure(wanted, "generate a resident", || {
        index += 1;
        generator.resident(index)
    });
}
