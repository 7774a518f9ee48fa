//! Passkeys (WebAuthn): what a browser is asked, and whether its answer is right. Whose they are, and that each question is answered once,
//! is `staff`'s.

use std::sync::Arc;

use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    COSEAlgorithm, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder, WebauthnError,
};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// What passkeys of these pages are bound to. Cloning shares it.
#[derive(Clone)]
pub struct Ceremonies(Arc<Webauthn>);

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

impl Ceremonies {
    /// Of the pages at an address; none where that is a number: passkeys are bound to names.
    pub fn at(url: &str) -> Option<Self> {
        let origin = Url::parse(url).ok()?;
        let name = origin.domain()?;
        let webauthn = WebauthnBuilder::new(name, &origin).ok()?.rp_name("IKD").build().ok()?;
        Some(Self(Arc::new(webauthn)))
    }

    /// Asks for a new passkey, on an authenticator that holds none of `held`.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn ask_new(&self, owner: Owner<'_>, held: &[Vec<u8>]) -> Result<Asked> {
        let held = keys(held)?.iter().map(|key| key.cred_id().clone()).collect();
        let asked = self.0.start_passkey_registration(owner.id, owner.username, owner.full_name, Some(held));
        let (creation, state) = asked.map_err(Error::internal)?;
        let mut options = public_key(&creation)?;
        // ES256 is what every authenticator has that is sold today; RSA is never reached.
        options["pubKeyCredParams"] = json!([{"type": "public-key", "alg": COSEAlgorithm::ES256 as i64}]);
        options["authenticatorSelection"]["residentKey"] = json!("preferred");
        asked_with(options, &state)
    }

    /// The passkey that answers a question for a new one; none where the answer is not right.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn take_new(&self, state: &[u8], answer: &Value) -> Result<Option<Made>> {
        let state: PasskeyRegistration = serde_json::from_slice(state).map_err(Error::internal)?;
        let Some(answer) = read::<RegisterPublicKeyCredential>(answer) else { return Ok(None) };
        let Ok(key) = self.0.finish_passkey_registration(&answer, &state) else { return Ok(None) };
        if *key.cred_algorithm() != COSEAlgorithm::ES256 {
            return Ok(None);
        }
        let kept = serde_json::to_value(&key).map_err(Error::internal)?;
        let sign_count =
            kept["cred"]["counter"].as_i64().ok_or_else(|| Error::internal("a passkey without a count"))?;
        Ok(Some(Made {
            credential_id: key.cred_id().to_vec(),
            sign_count,
            key: Zeroizing::new(serde_json::to_vec(&kept).map_err(Error::internal)?),
        }))
    }

    /// Asks for a signature of one of these passkeys.
    ///
    /// # Errors
    /// A fault of ours, among them that there is none.
    pub fn ask_proof(&self, held: &[Vec<u8>]) -> Result<Asked> {
        let (request, state) = self.0.start_passkey_authentication(&keys(held)?).map_err(Error::internal)?;
        asked_with(public_key(&request)?, &state)
    }

    /// Judges an answer to a question for a proof, of the person with this id.
    ///
    /// # Errors
    /// A fault of ours.
    pub fn judge(&self, person: Uuid, state: &[u8], answer: &Value) -> Result<Judged> {
        let state: PasskeyAuthentication = serde_json::from_slice(state).map_err(Error::internal)?;
        let Some(answer) = read::<PublicKeyCredential>(answer) else { return Ok(Judged::Wrong) };
        // Two things that the library leaves to us: whose key the authenticator says that it is, and a page in a frame of another's.
        let of_another = answer.get_user_unique_id().is_some_and(|id| id != person.as_bytes());
        let client: Value = serde_json::from_slice(&answer.response.client_data_json).unwrap_or_default();
        if of_another || client["crossOrigin"] == true {
            return Ok(Judged::Wrong);
        }
        Ok(match self.0.finish_passkey_authentication(&answer, &state) {
            Ok(done) => Judged::Right { credential_id: done.cred_id().to_vec(), sign_count: i64::from(done.counter()) },
            Err(WebauthnError::CredentialPossibleCompromise) => Judged::CountedBack,
            Err(_) => Judged::Wrong,
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: &Value) -> Option<T> {
    serde_json::from_value(answer.clone()).ok()
}

fn keys(held: &[Vec<u8>]) -> Result<Vec<Passkey>> {
    held.iter().map(|key| serde_json::from_slice(key).map_err(Error::internal)).collect()
}

fn public_key(question: &impl serde::Serialize) -> Result<Value> {
    let mut question = serde_json::to_value(question).map_err(Error::internal)?;
    Ok(question["publicKey"].take())
}

fn asked_with(options: Value, state: &impl serde::Serialize) -> Result<Asked> {
    let state = serde_json::to_vec(state).map_err(Error::internal)?;
    Ok(Asked { options, state: Zeroizing::new(state) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_bound_to_the_name_of_the_service() {
        let owner = Owner { id: Uuid::from_u128(7), username: "siti", full_name: "Siti Rahma" };
        let service = Ceremonies::at("https://ikd.contoh.go.id:8443/ikd").unwrap();
        let options = service.ask_new(owner, &[]).unwrap().options;
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
}
