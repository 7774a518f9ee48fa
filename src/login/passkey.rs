//! Passkeys (WebAuthn): what a browser is asked, and whether its answer is right. Whose they are, and that each question is answered once,
//! is `staff`'s.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::webauthn::{self, Created, Proof};
use crate::base64url;
use crate::error::{Error, Result};
use crate::random::Random;

/// Milliseconds for which a browser asks. The question itself ends with its row.
const TIMEOUT_MS: u32 = 300_000;

/// What passkeys of these pages are bound to. Cloning shares it.
#[derive(Clone)]
pub struct Ceremonies(Arc<Pages>);

struct Pages {
    /// The name.
    rp_id: String,
    /// The origin, with its port where that is not the scheme's.
    origin: String,
}

/// Who a passkey is to be of.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The person: what the authenticator keeps beside the key.
    pub id: Uuid,
    /// Log-in name.
    pub username: &'a str,
    /// Full name.
    pub full_name: &'a str,
}

/// A question to a browser.
pub struct Asked {
    /// What the page hands to `navigator.credentials`, in the JSON form of WebAuthn level 3.
    pub options: Value,
    /// What the answer is judged by; nobody else may see or change it.
    pub state: Zeroizing<Vec<u8>>,
}

/// A passkey that an authenticator made.
pub struct Made {
    /// The id that the authenticator gave it.
    pub credential_id: Vec<u8>,
    /// The key, as it is kept.
    pub key: Zeroizing<Vec<u8>>,
    /// What the authenticator counted.
    pub sign_count: i64,
}

/// What an answer to a question for a proof was.
#[derive(Debug, PartialEq, Eq)]
pub enum Judged {
    /// Right: by the key with this id, at this count.
    Right {
        /// The id that the authenticator gave the key.
        credential_id: Vec<u8>,
        /// What the authenticator counts now.
        sign_count: i64,
    },
    /// Signed by the key, but its authenticator counted less than before: there may be two of it.
    CountedBack,
    /// Not right.
    Wrong,
}

/// A passkey as it is kept.
#[derive(Deserialize, Serialize)]
#[serde(from = "Stored")]
struct Kept {
    #[serde(with = "in_base64url")]
    credential_id: Vec<u8>,
    #[serde(with = "in_base64url")]
    point: Vec<u8>,
    sign_count: u32,
}

/// As passkeys are stored: also as the library wrote them that judged them before (ADR 49).
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Now {
        #[serde(with = "in_base64url")]
        credential_id: Vec<u8>,
        #[serde(with = "in_base64url")]
        point: Vec<u8>,
        sign_count: u32,
    },
    Before {
        cred: Before,
    },
}

#[derive(Deserialize)]
struct Before {
    #[serde(with = "in_base64url")]
    cred_id: Vec<u8>,
    cred: BeforeKey,
    counter: u32,
}

#[derive(Deserialize)]
struct BeforeKey {
    key: BeforePoint,
}

/// ES256 alone was taken.
#[derive(Deserialize)]
enum BeforePoint {
    #[serde(rename = "EC_EC2")]
    Ec2 {
        #[serde(with = "in_base64url")]
        x: Vec<u8>,
        #[serde(with = "in_base64url")]
        y: Vec<u8>,
    },
}

impl From<Stored> for Kept {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Now { credential_id, point, sign_count } => Self { credential_id, point, sign_count },
            Stored::Before { cred: Before { cred_id, cred, counter } } => {
                let BeforePoint::Ec2 { x, y } = cred.key;
                Self { credential_id: cred_id, point: [&[4], x.as_slice(), &y].concat(), sign_count: counter }
            }
        }
    }
}

/// What an answer is judged by.
#[derive(Deserialize, Serialize)]
struct State {
    #[serde(with = "in_base64url")]
    challenge: Vec<u8>,
    /// The keys that may prove; none where a new one was asked for.
    keys: Vec<Kept>,
}

impl Ceremonies {
    /// Of the pages at an address; none where that is a number: passkeys are bound to names.
    pub fn at(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let rp_id = url.domain()?.to_owned();
        Some(Self(Arc::new(Pages { rp_id, origin: url.origin().ascii_serialization() })))
    }

    /// Asks for a new passkey, on an authenticator that holds none of `held`.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn ask_new(&self, random: &Random, owner: Owner<'_>, held: &[Vec<u8>]) -> Result<Asked> {
        let state = State { challenge: challenge(random), keys: Vec::new() };
        let options = json!({
            "rp": {"id": self.0.rp_id, "name": "IKD"},
            "user": {
                "id": base64url::encode(owner.id.as_bytes()),
                "name": owner.username,
                "displayName": owner.full_name,
            },
            "challenge": base64url::encode(&state.challenge),
            // ES256 is what every authenticator has that is sold today.
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
            "timeout": TIMEOUT_MS,
            "excludeCredentials": descriptors(&kept(held)?),
            "authenticatorSelection": {
                "residentKey": "preferred",
                "requireResidentKey": false,
                "userVerification": "required",
            },
            "attestation": "none",
            // Whoever finds a security key shall not learn from it for whom it is.
            "extensions": {
                "credentialProtectionPolicy": "userVerificationRequired",
                "enforceCredentialProtectionPolicy": false,
            },
        });
        asked_with(options, &state)
    }

    /// The passkey that answers a question for a new one; none where the answer is not right.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn take_new(&self, state: &[u8], answer: &Value) -> Result<Option<Made>> {
        // A question that another version of the program asked is answered by nobody.
        let Ok(state) = serde_json::from_slice::<State>(state) else { return Ok(None) };
        let Some(Created { credential_id, point, sign_count }) = Created::read(self.asked(&state), answer) else {
            return Ok(None);
        };
        let kept = Kept { credential_id: credential_id.clone(), point, sign_count };
        let key = Zeroizing::new(serde_json::to_vec(&kept).map_err(Error::internal)?);
        Ok(Some(Made { credential_id, key, sign_count: i64::from(sign_count) }))
    }

    /// Asks for a signature of one of these passkeys.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn ask_proof(&self, random: &Random, held: &[Vec<u8>]) -> Result<Asked> {
        let state = State { challenge: challenge(random), keys: kept(held)? };
        let options = json!({
            "challenge": base64url::encode(&state.challenge),
            "timeout": TIMEOUT_MS,
            "rpId": self.0.rp_id,
            "allowCredentials": descriptors(&state.keys),
            "userVerification": "required",
        });
        asked_with(options, &state)
    }

    /// Judges an answer to a question for a proof, of the person with this id.
    pub fn judge(&self, person: Uuid, state: &[u8], answer: &Value) -> Judged {
        let Ok(state) = serde_json::from_slice::<State>(state) else { return Judged::Wrong };
        let Some(proof) = Proof::read(self.asked(&state), answer) else { return Judged::Wrong };
        let is_theirs = proof.user_handle.as_deref().is_none_or(|handle| handle == person.as_bytes());
        let key = state.keys.iter().find(|key| key.credential_id == proof.credential_id);
        match key.filter(|key| is_theirs && proof.is_by(&key.point)) {
            None => Judged::Wrong,
            // Who does not count says 0 for ever (§6.1.1).
            Some(key) if (proof.sign_count, key.sign_count) != (0, 0) && proof.sign_count <= key.sign_count => {
                Judged::CountedBack
            }
            Some(_) => Judged::Right { credential_id: proof.credential_id, sign_count: i64::from(proof.sign_count) },
        }
    }

    fn asked<'a>(&'a self, state: &'a State) -> webauthn::Asked<'a> {
        webauthn::Asked { rp_id: &self.0.rp_id, origin: &self.0.origin, challenge: &state.challenge }
    }
}

/// 256 random bits (§13.4.3 asks for 128).
fn challenge(random: &Random) -> Vec<u8> {
    random.bytes::<32>().to_vec()
}

fn kept(held: &[Vec<u8>]) -> Result<Vec<Kept>> {
    held.iter().map(|key| serde_json::from_slice(key).map_err(Error::internal)).collect()
}

/// Keys as a browser is told of them (§5.8.3).
fn descriptors(keys: &[Kept]) -> Vec<Value> {
    keys.iter().map(|key| json!({"type": "public-key", "id": base64url::encode(&key.credential_id)})).collect()
}

fn asked_with(options: Value, state: &State) -> Result<Asked> {
    let state = serde_json::to_vec(state).map_err(Error::internal)?;
    Ok(Asked { options, state: Zeroizing::new(state) })
}

/// Bytes in JSON.
mod in_base64url {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::base64url;

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&base64url::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        base64url::decode(&String::deserialize(from)?).ok_or_else(|| de::Error::custom("no base64url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_bound_to_the_name_of_the_service() {
        let owner = Owner { id: Uuid::from_u128(7), username: "siti", full_name: "Siti Rahma" };
        let service = Ceremonies::at("https://ikd.contoh.go.id:8443/ikd").unwrap();
        let options = service.ask_new(&Random::seeded(7), owner, &[]).unwrap().options;
        assert_eq!(options["rp"], json!({"name": "IKD", "id": "ikd.contoh.go.id"}));
        assert_eq!(options["pubKeyCredParams"], json!([{"type": "public-key", "alg": -7}]));
        let selection = &options["authenticatorSelection"];
        assert_eq!(
            (&selection["userVerification"], &selection["residentKey"]),
            (&json!("required"), &json!("preferred"))
        );
        for number in ["https://192.0.2.7", "http://[::1]:8080", "nonsense"] {
            assert!(Ceremonies::at(number).is_none(), "{number}");
        }
    }

    /// A passkey as `webauthn-rs` 0.6.2 stored it, which judged passkeys before, and what its authenticator said to its questions.
    const STORED: &str = r#"{"cred":{"attestation":{"data":"None","metadata":"None"},"attestation_format":"none",
        "backup_eligible":false,"backup_state":false,"counter":1,"cred":{"key":{"EC_EC2":{"curve":"SECP256R1",
        "x":"fBfF7lhVvDkNarljEHKSy1EB5Z-HGjGZTkYy1JfWU_0","y":"MQKIffddpcOT0QOO02x_4dUHQcOw-cZoVKEElSraSHw"}},"type_":"ES256"},
        "cred_id":"c2l0aS0tLS0tLS0tLS0tLQ","extensions":{"appid":"NotRequested","cred_props":"Ignored",
        "cred_protect":"Ignored","hmac_create_secret":"NotRequested"},"registration_policy":"required","transports":null,
        "user_verified":true}}"#;
    const SIGNED: [(&str, &str); 3] = [
        ("authenticatorData", "6kCAGiCrbmsrWfIHYGZpirxldRErFiangkHF0Nakf40FAAAAAg"),
        (
            "clientDataJSON",
            concat!(
                "eyJjaGFsbGVuZ2UiOiJDd0R6ak02dTVXQXF6Rl9zVW95S2Z4SFNDYnVHdUlwdXNkMlhDMW9YejNjIiwiY3Jvc3NPcmlnaW4iOmZh",
                "bHNlLCJvcmlnaW4iOiJodHRwczovL2lrZC5leGFtcGxlIiwidHlwZSI6IndlYmF1dGhuLmdldCJ9",
            ),
        ),
        (
            "signature",
            "MEUCIQCzJs3Gq4oWHhaTrZCOnZaLaXaIay3lPn5PuLbqK2P6TAIgR-tsDzMNHXWTiM5Gd6YJ0PjGHWHZbjGo_lMvVb119rs",
        ),
    ];

    #[test]
    fn a_passkey_of_before_proves_as_it_did() {
        let service = Ceremonies::at("https://ikd.example").unwrap();
        let asked = service.ask_proof(&Random::seeded(7), &[STORED.as_bytes().to_vec()]).unwrap();
        let id = "c2l0aS0tLS0tLS0tLS0tLQ";
        assert_eq!(asked.options["allowCredentials"], json!([{"type": "public-key", "id": id}]));
        let mut state: Value = serde_json::from_slice(&asked.state).unwrap();
        state["challenge"] = json!("CwDzjM6u5WAqzF_sUoyKfxHSCbuGuIpusd2XC1oXz3c");
        let response: serde_json::Map<_, _> =
            SIGNED.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let mut answer = json!({"id": id, "rawId": id, "type": "public-key", "response": response});
        let judge =
            |state: &Value, answer: &Value| service.judge(Uuid::nil(), &serde_json::to_vec(state).unwrap(), answer);
        let right = Judged::Right { credential_id: base64url::decode(id).unwrap(), sign_count: 2 };
        assert_eq!(judge(&state, &answer), right);
        state["keys"][0]["sign_count"] = json!(2);
        assert_eq!(judge(&state, &answer), Judged::CountedBack);
        answer["response"]["userHandle"] = json!(base64url::encode(Uuid::max().as_bytes()));
        assert_eq!(judge(&state, &answer), Judged::Wrong);
        assert_eq!(judge(&json!({"ast": {}}), &answer), Judged::Wrong, "a question of another version");
    }
}
