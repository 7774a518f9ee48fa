//! `ikd verify`: judge a token or a receipt without network, against a key set file.

use std::path::{Path, PathBuf};

use ciborium::Value;
use ikd_token::claim169::{Marital, More, OfflineClaims};
use ikd_token::jwk::{base64url, kid_text};
use ikd_token::status::{self, Status};
use ikd_token::verify::{authenticate, authenticate_cose, authenticate_receipt};
use ikd_token::{Authentic, Body, JwkSet, StatusReference, TokenKind, VerifyError, cose, receipt, text};
use serde_json::{Map, Value as Json, json};

use super::{Failure, Format, given_or_read};
use crate::base64url;
use crate::clock::{Clock, Timestamp};
use crate::credential::Reason;
use crate::error::Language;

/// Arguments of `ikd verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The text of a QR, or the `receipt.statement` of a verification answer (`receipt.cwt` of an old one); `-` reads it from standard
    /// input, as arguments stand in the list of processes.
    token: String,
    /// With a receipt's statement: the `receipt.proof` of the same answer.
    #[arg(long)]
    proof: Option<String>,
    /// Key set, as published at `/.well-known/jwks.json`.
    #[arg(long)]
    jwks: PathBuf,
    /// The issuer that must stand in the token. Without it the token's own is shown and not judged.
    #[arg(long)]
    issuer: Option<String>,
    /// A copy of the status list that the token names, as JWT or CWT (`/v1/status-lists`): whether the digital KTP was stopped since.
    /// Without it that stays unknown.
    #[arg(long)]
    status_list: Option<PathBuf>,
}

/// Runs the command: exit code 0 for a valid token, 1 for one that is not.
///
/// # Errors
/// [`Failure::Refused`] with the reason; wrong usage; a key set or status list that cannot be read, or is not the token's.
pub fn run(args: &Args, clock: &Clock, format: Format) -> Result<(), Failure> {
    let name = args.jwks.display();
    let text = std::fs::read(&args.jwks).map_err(|error| Failure::Environment(format!("{name}: {error}")))?;
    // Some editors put this mark before the text (RFC 8259 §8.1 lets a reader pass over it).
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let keys: JwkSet = serde_json::from_slice(text)
        .map_err(|error| Failure::Environment(format!("{name}: not a key set: {error}")))?;
    if keys.keys.is_empty() {
        return Err(Failure::Environment(format!(
            "{name}: no key in it that can be used, so nothing is known of the token: an Ed25519 or P-256 key with its `kid` is \
             needed, as the service publishes them at /.well-known/jwks.json"
        )));
    }
    let token = given_or_read(args.token.clone(), "Token: ")?;
    match judge((token.expose().trim(), args.proof.as_deref()), args.issuer.as_deref(), &keys, clock.now()) {
        Ok(token) => {
            let mut shown = describe(&token);
            if let Body::Offline { status: Some(reference), .. } = &token.claims.body {
                shown["status"] =
                    judge_status(args.status_list.as_deref(), (token.kind, reference), &keys, clock.now(), format)?;
            }
            match format {
                Format::Json => say!("{shown}"),
                Format::Text => {
                    say!("valid");
                    for (key, value) in shown.as_object().into_iter().flatten() {
                        say!("  {key}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                    }
                }
            }
            Ok(())
        }
        Err(reason) => {
            let message = match reason {
                // The set may be older than the key, or another service's.
                VerifyError::UnknownKey => {
                    "the key set does not hold the key of this token: fetch it again from /.well-known/jwks.json; accept the \
                     token only when it is valid then"
                }
                _ if is_card(token.expose().trim()) => {
                    Reason::from(reason).message_of_card().in_language(Language::English)
                }
                _ => Reason::from(reason).message().in_language(Language::English),
            };
            invalid(reason.as_str(), message, format)
        }
    }
}

/// Whether the text says of itself that it is of a printed card: for what is said of one that is refused.
fn is_card(text: &str) -> bool {
    let decoded = text::decode(text).ok().and_then(|cose| cose::decode(&cose).ok());
    decoded.is_some_and(|decoded| decoded.kind == Some(TokenKind::Card))
}

/// Says that the token does not count, in the form that was asked for.
fn invalid<T>(reason: &str, message: &str, format: Format) -> Result<T, Failure> {
    if format == Format::Json {
        say!("{}", json!({"result": "invalid", "reason": reason}));
    }
    Err(Failure::Refused(format!("invalid: {reason}: {message}")))
}

fn judge(
    (text, proof): (&str, Option<&str>),
    issuer: Option<&str>,
    keys: &JwkSet,
    now: Timestamp,
) -> Result<Authentic, VerifyError> {
    if let Some(proof) = proof {
        let bytes = |text: &str| base64url::decode(text).ok_or(VerifyError::Malformed);
        let (statement, proof) = (bytes(text)?, bytes(proof.trim())?);
        let own_issuer = receipt::read_statement(&statement)?.issuer;
        let token = authenticate_receipt(&statement, &proof, issuer.unwrap_or(&own_issuer), keys)?;
        token.judge_time(now.seconds())?;
        return Ok(token);
    }
    // Base45 has no lower case; a COSE_Sign1 of tag 18 in base64url always has.
    let receipt = text.starts_with("0oR").then(|| base64url::decode(text)).flatten();
    let own_issuer = match &receipt {
        Some(cose) => cose::decode(cose)?.claims.issuer,
        None => cose::decode(&text::decode(text)?)?.claims.issuer,
    };
    let issuer = issuer.unwrap_or(&own_issuer);
    let token = match &receipt {
        Some(cose) => authenticate_cose(cose, &[TokenKind::Receipt], issuer, keys)?,
        None => authenticate(text, &TokenKind::ALL, issuer, keys)?,
    };
    token.judge_time(now.seconds())?;
    Ok(token)
}

/// What the status list says of a token that names one.
fn judge_status(
    file: Option<&Path>,
    (kind, reference): (TokenKind, &StatusReference),
    keys: &JwkSet,
    now: Timestamp,
    format: Format,
) -> Result<Json, Failure> {
    let StatusReference { uri, index } = reference;
    let Some(file) = file else {
        return Ok(json!({"result": "not known", "list": uri}));
    };
    let name = file.display();
    let bytes = std::fs::read(file).map_err(|error| Failure::Environment(format!("{name}: {error}")))?;
    let unusable = |why: &dyn std::fmt::Display| Failure::Environment(format!("{name}: {why}; fetch {uri} again"));
    let list = status::read(&bytes, uri, keys, now.seconds()).map_err(|error| unusable(&error))?;
    match list.list.get(*index) {
        Some(Status::Valid) => Ok(json!({"result": "valid", "as_of": Timestamp::from_seconds(list.issued_at)})),
        Some(_) => {
            let reason = Reason::HolderNotActive;
            let message = if kind == TokenKind::Card { reason.message_of_card() } else { reason.message() };
            invalid(reason.as_str(), message.in_language(Language::English), format)
        }
        None => Err(unusable(&"the list ends before the place of this token")),
    }
}

fn describe(token: &Authentic) -> Json {
    let mut out = Map::new();
    let mut put = |name: &str, value: Json| out.insert(name.to_owned(), value);
    put("result", json!("valid"));
    put("typ", json!(token.kind.typ()));
    if token.kind == TokenKind::Card {
        put("medium", json!("printed card: it can be copied, so compare the person's face with the photo"));
    }
    put("issuer", json!(token.claims.issuer));
    put("kid", json!(kid_text(&token.kid)));
    put("issued_at", json!(Timestamp::from_seconds(token.claims.issued_at)));
    if let Some(expires_at) = token.claims.expires_at {
        put("expires_at", json!(Timestamp::from_seconds(expires_at)));
    }
    match &token.claims.body {
        Body::Offline { claims, .. } => put("attributes", attributes(claims)),
        Body::Receipt(content) => put("receipt", readable(&Value::Map(content.clone()))),
        Body::Sealed(_) => put("attributes", json!("sealed: only the online verifier can read them")),
        Body::Unknown => None,
    };
    Json::Object(out)
}

fn attributes(claims: &OfflineClaims) -> Json {
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    };
    put("nik", claims.nik.as_ref().map(|nik| json!(nik)));
    put("full_name", claims.full_name.as_ref().map(|name| json!(name)));
    put("birth_date", claims.birth_date.as_ref().map(|date| json!(date)));
    put("sex", claims.male.map(|male| json!(if male { "male" } else { "female" })));
    put("address_lines", (!claims.address_lines.is_empty()).then(|| json!(claims.address_lines)));
    put("nationality", claims.indonesian.then(|| json!("WNI")));
    put(
        "marital_status",
        claims.marital.map(|state| {
            json!(match state {
                Marital::Single => "unmarried",
                Marital::Married => "married",
                Marital::Divorced => "divorced",
            })
        }),
    );
    put(
        "photo",
        claims
            .photo
            .as_ref()
            .map(|photo| json!({"media_type": photo.format.media_type(), "data": base64url(&photo.bytes)})),
    );
    for (name, value) in &claims.more {
        put(
            name,
            Some(match value {
                More::Flag(flag) => json!(flag),
                More::Text(text) => json!(text),
            }),
        );
    }
    Json::Object(out)
}

/// CBOR as JSON: bytes as base64url.
pub(super) fn readable(value: &Value) -> Json {
    match value {
        Value::Bytes(bytes) => json!(base64url(bytes)),
        Value::Text(text) => json!(text),
        Value::Bool(flag) => json!(flag),
        Value::Integer(number) => json!(i128::from(*number).to_string()),
        Value::Array(items) => items.iter().map(readable).collect(),
        Value::Map(entries) => Json::Object(
            entries.iter().map(|(key, value)| (key.as_text().unwrap_or("?").to_owned(), readable(value))).collect(),
        ),
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use ikd_token::StatusList;
    use ikd_token::status::{Header, ListClaims, encode_cwt, encode_jwt};
    use uuid::Uuid;

    use super::*;
    use crate::credential::{Algorithm, FileSigner, Issuer, Jwk, KeyPurpose, SealedRecord, Signer, TokenSealer};
    use crate::random::Random;
    use crate::vault::Vault;

    #[test]
    fn exit_codes_follow_the_judgement() {
        for algorithm in Algorithm::ALL {
            exit_codes_follow(&FileSigner::from_seed_of(algorithm, &[1; 32]).unwrap());
        }
    }

    fn exit_codes_follow(signer: &FileSigner) {
        let (now, random) = (Timestamp::from_seconds(1_700_000_000), Random::seeded(1));
        let sealer = TokenSealer::new(Vault::single([1; 32]));
        let issuer = Issuer { signer, sealer: &sealer, random: &random, name: "ikd.example" };
        let record = SealedRecord {
            kind: TokenKind::Presentation,
            subject: Uuid::nil(),
            generation: 1,
            issued: now,
            attributes: 1,
        };
        let token = issuer.issue(record).unwrap().token;
        let dir = tempfile::tempdir().unwrap();
        let jwks = dir.path().join("jwks.json");
        let keys = JwkSet { keys: vec![Jwk::new(signer.public_key(), KeyPurpose::Token)] };
        std::fs::write(&jwks, serde_json::to_vec(&keys).unwrap()).unwrap();
        let ask = |token: &str, issuer: Option<&str>, at: Timestamp| {
            let (token, jwks, issuer) = (token.into(), jwks.clone(), issuer.map(String::from));
            let args = Args { token, proof: None, jwks, issuer, status_list: None };
            run(&args, &Clock::stopped(at), Format::Text).map_or_else(|failure| failure.exit_code(), |()| 0)
        };
        assert_eq!(ask(&token, None, now), 0);
        assert_eq!(ask(&token, Some("ikd.example"), now.plus_seconds(89)), 0);
        assert_eq!(ask(&token, Some("other.example"), now), 1);
        assert_eq!(ask(&token, None, now.plus_seconds(90)), 1);
        assert_eq!(ask("NONSENSE", None, now), 1);
        let marked = [b"\xef\xbb\xbf".as_slice(), &std::fs::read(&jwks).unwrap()].concat();
        std::fs::write(&jwks, marked).unwrap();
        assert_eq!(ask(&token, None, now), 0, "a byte order mark");
        // Without a key there is no judgement; neither is a key without its id one.
        for none in [
            "{}",
            r#"{"keys":[]}"#,
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
        ] {
            std::fs::write(&jwks, none).unwrap();
            assert_eq!(ask(&token, None, now), 3, "{none}");
        }
    }

    #[test]
    fn a_receipt_is_judged_with_its_proof() {
        let vectors: Json = serde_json::from_str(include_str!("../../docs/vectors/token.json")).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let jwks = dir.path().join("jwks.json");
        std::fs::write(&jwks, vectors["jwks"].to_string()).unwrap();
        let text = |case: usize, name: &str| vectors["receipts"][case][name].as_str().unwrap().to_owned();
        let ask = |token: String, proof: Option<String>, issuer: Option<&str>| {
            let issuer = issuer.map(String::from);
            let args = Args { token, proof, jwks: jwks.clone(), issuer, status_list: None };
            let clock = Clock::stopped(Timestamp::from_seconds(1_900_000_000));
            run(&args, &clock, Format::Text).map_or_else(|failure| failure.exit_code(), |()| 0)
        };
        assert_eq!(ask(text(4, "statement"), Some(text(4, "proof")), Some("https://ikd.example")), 0);
        assert_eq!(ask(text(4, "statement"), Some(text(4, "proof")), Some("other.example")), 1);
        assert_eq!(ask(text(4, "statement"), Some(text(5, "proof")), None), 1, "of another check");
        assert_eq!(ask(text(4, "statement"), None, None), 1, "without its proof");
        assert_eq!(ask(text(4, "proof"), Some(text(4, "statement")), None), 1, "the wrong way round");
    }

    #[test]
    fn a_status_list_says_whether_an_offline_token_still_counts() {
        let (now, random, signer) =
            (Timestamp::from_seconds(1_700_000_000), Random::seeded(1), FileSigner::from_seed(&[1; 32]));
        let sealer = TokenSealer::new(Vault::single([1; 32]));
        let issuer = Issuer { signer: &signer, sealer: &sealer, random: &random, name: "ikd.example" };
        let uri = String::from("https://ikd.example/v1/status-lists/1");
        let token = |index: u32| {
            let record = SealedRecord {
                kind: TokenKind::Offline,
                subject: Uuid::nil(),
                generation: 1,
                issued: now,
                attributes: 1,
            };
            let status = Some(StatusReference { uri: uri.clone(), index });
            issuer.issue_offline(record, OfflineClaims::default(), None, status).unwrap().token
        };
        let dir = tempfile::tempdir().unwrap();
        let (jwks, file) = (dir.path().join("jwks.json"), dir.path().join("list"));
        let public = signer.public_key();
        let keys = JwkSet { keys: vec![Jwk::new(public, KeyPurpose::Token), Jwk::new(public, KeyPurpose::Status)] };
        // A key has one purpose in a real set; here one key stands for two.
        std::fs::write(&jwks, serde_json::to_vec(&keys).unwrap()).unwrap();
        let claims = |uri: &str| ListClaims {
            uri: uri.into(),
            issued_at: now.seconds(),
            expires_at: now.seconds() + 60,
            ttl: 60,
            aggregation_uri: String::from("https://ikd.example/v1/status-lists"),
            list: StatusList::new(1024, [7]),
        };
        let header = Header { algorithm: signer.algorithm(), kid: signer.kid() };
        let ask = |index: u32, list: Option<&[u8]>, at: Timestamp| {
            list.iter().for_each(|list| std::fs::write(&file, list).unwrap());
            let args = Args {
                token: token(index),
                proof: None,
                jwks: jwks.clone(),
                issuer: None,
                status_list: list.map(|_| file.clone()),
            };
            run(&args, &Clock::stopped(at), Format::Text).map_or_else(|failure| failure.exit_code(), |()| 0)
        };
        let jwt = encode_jwt(header, &claims(&uri), |message| signer.sign(message)).unwrap();
        let cwt = encode_cwt(header, &claims(&uri), |message| signer.sign(message)).unwrap();
        for list in [jwt.as_bytes(), &cwt] {
            assert_eq!((ask(6, Some(list), now), ask(7, Some(list), now)), (0, 1));
            assert_eq!(ask(1024, Some(list), now), 3, "behind the end");
            assert_eq!(ask(6, Some(list), now.plus_seconds(60)), 3, "an old list says nothing");
            assert_eq!(ask(6, Some(&list[1..]), now), 3, "a damaged one neither");
        }
        let other =
            encode_jwt(header, &claims("https://ikd.example/v1/status-lists/2"), |message| signer.sign(message));
        assert_eq!(ask(6, Some(other.unwrap().as_bytes()), now), 3, "nor another");
        assert_eq!(ask(7, None, now), 0, "without one it is not known, and said so");
    }
}
