//! A security key in software, written from WebAuthn level 3 and CTAP with other libraries than the service has: it does what it is told,
//! also what no real one would.

use ciborium::Value as Cbor;
use ikd::base64url;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// Present, verified, with a new key (§6.1).
const PRESENT: u8 = 0x01;
/// The person was verified: by PIN or finger.
pub const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// An authenticator with one passkey.
pub struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// What it counts.
    pub count: u32,
}

/// What a browser and an authenticator say; a test changes a part of it.
#[derive(Clone, Debug)]
pub struct Said {
    /// `webauthn.create` or `webauthn.get`.
    pub kind: &'static str,
    /// What was asked.
    pub challenge: String,
    /// The page's origin.
    pub origin: String,
    /// Whether the page was in a frame of another's.
    pub cross_origin: bool,
    /// The name that the key is bound to.
    pub rp_id: String,
    /// Flags of the authenticator beside "present".
    pub flags: u8,
    /// What it counts.
    pub count: u32,
    /// Whose key it says that it is.
    pub user_handle: Option<String>,
}

impl Said {
    fn client_data(&self) -> Vec<u8> {
        let (kind, challenge, origin) = (self.kind, &self.challenge, &self.origin);
        json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": self.cross_origin})
            .to_string()
            .into_bytes()
    }

    fn data(&self, more: u8) -> Vec<u8> {
        let mut data = sha256(self.rp_id.as_bytes());
        data.push(PRESENT | self.flags | more);
        data.extend(self.count.to_be_bytes());
        data
    }
}

impl Authenticator {
    /// A new one, whose passkey has this id.
    pub fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self { key, id: format!("{id:-<16}").into_bytes(), count: 0 }
    }

    /// The id that it gave its passkey.
    pub fn id(&self) -> String {
        base64url::encode(&self.id)
    }

    /// What it says to a question on a page, honestly: it counts one further.
    pub fn says(&mut self, question: &Value, origin: &str) -> Said {
        self.count += 1;
        let options = &question["public_key"];
        let creates = options["rp"].is_object();
        let rp_id = if creates { &options["rp"]["id"] } else { &options["rpId"] };
        Said {
            kind: if creates { "webauthn.create" } else { "webauthn.get" },
            challenge: options["challenge"].as_str().unwrap().to_owned(),
            origin: origin.to_owned(),
            cross_origin: false,
            rp_id: rp_id.as_str().unwrap().to_owned(),
            flags: VERIFIED,
            count: self.count,
            user_handle: None,
        }
    }

    /// The credential of a new key.
    pub fn created(&self, said: &Said) -> Value {
        let point = self.key.public_key().as_ref();
        let pair = |label: i64, value: Cbor| (Cbor::from(label), value);
        let key = Cbor::Map(vec![
            pair(1, Cbor::from(2)),
            pair(3, Cbor::from(-7)),
            pair(-1, Cbor::from(1)),
            pair(-2, Cbor::Bytes(point[1..33].to_vec())),
            pair(-3, Cbor::Bytes(point[33..65].to_vec())),
        ]);
        let mut data = said.data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        ciborium::into_writer(&key, &mut data).unwrap();
        let mut object = Vec::new();
        let text = |text: &str| Cbor::Text(text.to_owned());
        let map = vec![
            (text("fmt"), text("none")),
            (text("attStmt"), Cbor::Map(Vec::new())),
            (text("authData"), Cbor::Bytes(data)),
        ];
        ciborium::into_writer(&Cbor::Map(map), &mut object).unwrap();
        self.credential(json!({
            "clientDataJSON": base64url::encode(&said.client_data()),
            "attestationObject": base64url::encode(&object),
            "transports": ["usb"],
        }))
    }

    /// The credential that proves the key.
    pub fn signed(&self, said: &Said) -> Value {
        let (data, client) = (said.data(0), said.client_data());
        let signed = [data.as_slice(), &sha256(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.credential(json!({
            "clientDataJSON": base64url::encode(&client),
            "authenticatorData": base64url::encode(&data),
            "signature": base64url::encode(signature.as_ref()),
            "userHandle": said.user_handle,
        }))
    }

    fn credential(&self, response: Value) -> Value {
        let id = self.id();
        json!({"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {}})
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}
