//! Tokens of ours, read from their PNG and verified by libraries that others wrote, with the published keys alone.
//!
//! The Python packages are pinned in `requirements.txt`. `IKD_WITNESS_PYTHON` names an interpreter that has them;
//! without it a virtual environment is made once under `target/`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where something is missing")]

mod card;
mod recap;

use std::path::{Path, PathBuf};
use std::process::Command;

use ikd::attribute::{Attribute, AttributeSet};
use ikd::clock::{Clock, Timestamp};
use ikd::credential::claim169::{Marital, More, OfflineClaims};
use ikd::credential::jwk::{Jwk, JwkSet, base64url};
use ikd::credential::photo::Portrait;
use ikd::credential::{
    Algorithm, FileSigner, Issuer, KeyPurpose, SealedRecord, Signer, TokenKind, TokenSealer, cose_receipt, qr,
};
use ikd::disclosure::disclose;
use ikd::random::Random;
use ikd::register::Date;
use ikd::relying_party::Party;
use ikd::vault::Vault;
use ikd::verification::model::{Content, Medium, Verdict};
use ikd::verification::receipt::{self, Statement};
use ikd::verification::signed::SignedBatch;
use serde_json::Value as Json;
use support::record::siti;
use uuid::Uuid;

const ISSUER: &str = "https://ikd.example";

fn python() -> PathBuf {
    if let Some(given) = std::env::var_os("IKD_WITNESS_PYTHON") {
        return given.into();
    }
    static ONCE: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    ONCE.get_or_init(|| {
        let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("witness-venv");
        let python = venv.join("bin/python");
        let requirements = folder().join("requirements.txt");
        let stamp = venv.join("installed.txt");
        let wanted = std::fs::read(&requirements).unwrap();
        if std::fs::read(&stamp).ok().as_ref() != Some(&wanted) {
            let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).status().expect("python3 with venv");
            assert!(made.success(), "python3 -m venv failed: install python3-venv");
            let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
            let installed = Command::new(&python).args(arguments).arg(&requirements).status().unwrap();
            assert!(installed.success(), "pip could not install the witnesses");
            std::fs::write(&stamp, wanted).unwrap();
        }
        python
    })
    .clone()
}

fn folder() -> PathBuf {
    support::root().join("tests/witness")
}

struct World {
    dir: tempfile::TempDir,
    signer: FileSigner,
    sealer: TokenSealer,
    random: Random,
    now: Timestamp,
}

impl World {
    fn each() -> [Self; 2] {
        Algorithm::ALL.map(Self::new)
    }

    fn new(algorithm: Algorithm) -> Self {
        let random = Random::system();
        let signer = FileSigner::generate(algorithm, &random);
        let dir = tempfile::tempdir().unwrap();
        // A second key in the set, as after a rotation: the right one must be found by its id.
        let other = FileSigner::generate(algorithm, &random);
        let keys = [&other, &signer].map(|key| Jwk::new(key.public_key(), KeyPurpose::Token)).to_vec();
        std::fs::write(dir.path().join("jwks.json"), serde_json::to_vec(&JwkSet { keys }).unwrap()).unwrap();
        Self { dir, signer, sealer: TokenSealer::new(Vault::single([1; 32])), random, now: Clock::System.now() }
    }

    fn issuer(&self) -> Issuer<'_> {
        Issuer { signer: &self.signer, sealer: &self.sealer, random: &self.random, name: ISSUER }
    }

    fn record(&self, kind: TokenKind, age_seconds: i64) -> SealedRecord {
        let issued = self.now.plus_seconds(-age_seconds);
        SealedRecord { kind, subject: Uuid::from_u128(5), generation: 1, issued, attributes: 7 }
    }

    fn ask(&self, library: &str, arguments: &[&str]) -> (bool, Json) {
        let out = Command::new(python())
            .arg(folder().join("verify_png.py"))
            .args(["--library", library, "--issuer", ISSUER, "--jwks"])
            .arg(self.dir.path().join("jwks.json"))
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let errors = String::from_utf8_lossy(&out.stderr).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no answer: {text}{errors}"));
        (out.status.success(), json)
    }

    fn ask_picture(&self, library: &str, token: &str) -> (bool, Json) {
        let path = self.dir.path().join("qr.png");
        std::fs::write(&path, qr::png(token).unwrap()).unwrap();
        self.ask(library, &["--png", path.to_str().unwrap()])
    }
}

fn shared() -> OfflineClaims {
    OfflineClaims {
        nik: Some("3174014107950001".into()),
        full_name: Some("SITI AMINAH".into()),
        birth_date: Some("1995-07-01".into()),
        male: Some(false),
        address_lines: vec!["JL. MELATI NO. 5".into(), "GAMBIR".into(), "DKI JAKARTA".into()],
        indonesian: true,
        marital: Some(Marital::Married),
        photo: None,
        more: vec![("religion".into(), More::Text("Islam".into())), ("age_over_17".into(), More::Flag(true))],
    }
}

fn portrait() -> Portrait {
    let picture = image::RgbImage::from_fn(240, 320, |x, y| {
        let face = (f64::from(x) - 120.0).hypot(f64::from(y) - 140.0) < 80.0;
        image::Rgb(if face { [200 - (x / 4) as u8, 150, 130] } else { [(y / 3) as u8, 60, 90] })
    });
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    Portrait::read(&out.into_inner()).unwrap()
}

#[test]
fn cwt_verifies_every_sealed_kind() {
    for (world, alg) in World::each().iter().zip([-8, -7]) {
        for kind in [TokenKind::Activation, TokenKind::Counter, TokenKind::Presentation] {
            let issued = world.issuer().issue(world.record(kind, 0)).unwrap();
            let (verified, answer) = world.ask_picture("cwt", &issued.token);
            assert!(verified, "{answer}");
            assert_eq!(answer["protected"]["16"], kind.typ());
            assert_eq!(answer["protected"]["1"], alg);
            assert_eq!(answer["unprotected"], serde_json::json!({}));
            assert_eq!(answer["claims"]["4"], issued.expires_at.seconds());
            assert_eq!(answer["characters"], issued.token.len());
        }
    }
}

#[test]
fn both_verify_the_offline_kind() {
    for world in World::each() {
        let record = world.record(TokenKind::Offline, 0);
        let issued = world.issuer().issue_offline(record, shared(), Some(&portrait()), None).unwrap();
        let (verified, answer) = world.ask_picture("cwt", &issued.token);
        assert!(verified, "{answer}");
        assert_eq!(answer["claims"]["169"]["4"], "SITI AMINAH");
        assert_eq!(answer["claims"]["-65538"]["age_over_17"], true);
        let (verified, answer) = world.ask_picture("claim169", &issued.token);
        assert!(verified, "{answer}");
        assert_eq!(answer["claim169"]["fullName"], "SITI AMINAH", "{answer}");
        assert_eq!(answer["expires_at"], issued.expires_at.seconds());
        assert!(answer["photo_bytes"].as_u64().unwrap() > 100, "{answer}");
    }
}

#[test]
fn both_refuse_what_we_refuse() {
    for (world, other) in World::each().iter().zip(World::each()) {
        let offline = |world: &World, age| {
            let record = world.record(TokenKind::Offline, age);
            world.issuer().issue_offline(record, shared(), None, None).unwrap().token
        };
        let (old, stranger) = (offline(world, 100), offline(&other, 0));
        for library in ["cwt", "claim169"] {
            for (token, why) in [(&old, "expired"), (&stranger, "key")] {
                let (verified, answer) = world.ask_picture(library, token);
                assert!(!verified, "{answer}");
                assert!(answer["error"].as_str().unwrap().to_lowercase().contains(why), "{answer}");
            }
        }
    }
}

#[test]
fn cwt_verifies_a_receipt_and_its_digest() {
    for world in World::each() {
        verifies_a_receipt_and_its_digest(&world);
    }
}

fn verifies_a_receipt_and_its_digest(world: &World) {
    let record = siti();
    let attributes = disclose(&record, AttributeSet::FULL, Date::in_jakarta(world.now));
    let shown = serde_json::to_string(&attributes).unwrap();
    let party = Party {
        relying_party_id: Uuid::from_u128(1),
        name: "Bank Uji".into(),
        entitled: AttributeSet::FULL,
        purposes: Vec::new(),
        contract: None,
        quota: ikd::relying_party::Quota::default(),
    };
    let salt = [7; 16];
    let statement = Statement {
        verification_id: Uuid::from_u128(2),
        party: &party,
        purpose: "open_account",
        verified_at: world.now,
        verdict: Verdict::Valid,
        medium: Medium::Phone,
        disclosed: AttributeSet::FULL.without(Attribute::Portrait),
        content: &Content { attributes, portrait: None },
        salt: &salt,
        record: None,
    };
    let stated = cose_receipt::statement(&receipt::claims(&statement, ISSUER).unwrap());
    // As one of three that were committed together, and alone.
    let (leaf, other) = (cose_receipt::leaf(&stated), cose_receipt::leaf(b"another"));
    let salt = base64url(&salt);
    for (leaves, place) in [(vec![other, other, leaf], 2), (vec![leaf], 0)] {
        let proof = SignedBatch::sign(leaves, &world.signer).unwrap().proof(place);
        verifies_a_receipt(world, (&stated, &proof), &shown, &salt);
    }
}

fn verifies_a_receipt(world: &World, (stated, proof): (&[u8], &[u8]), shown: &str, salt: &str) {
    let (receipt, proof) = (base64url(stated), base64url(proof));
    let ask = |receipt: &str, shown: &str| {
        world.ask("cwt", &["--receipt", receipt, "--proof", &proof, "--attributes", shown, "--salt", salt])
    };
    let (verified, answer) = ask(&receipt, shown);
    assert!(verified, "{answer}");
    assert_eq!(answer["claims"]["-65539"]["result"], "valid");
    assert_eq!(answer["protected"]["16"], "application/ikd-receipt+cose");
    let altered = shown.replace("GURU", "DOKTER");
    let (verified, answer) = ask(&receipt, &altered);
    assert!(!verified && answer["error"].as_str().unwrap().contains("other attributes"), "{answer}");
    // Another statement leads to another root, which nobody signed.
    let mut forged = stated.to_vec();
    let at = forged.windows(5).position(|word| word == b"valid").unwrap();
    forged[at] ^= 1;
    assert!(!ask(&base64url(&forged), shown).0);
}
