//! What a webhook is, what is sent to it and how that is signed: Standard Webhooks 1.0. Pure.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use url::{Host, Url};
use uuid::Uuid;

use crate::clock::{DAY, HOUR, Timestamp};
use crate::error::Refusal;
use crate::secret::Redacted;

/// Characters of an address at most.
const LONGEST: usize = 500;
/// What a secret begins with (Standard Webhooks, "Signature scheme").
const SECRET_PREFIX: &str = "whsec_";
/// Seconds without a delivery that arrived after which a webhook is stopped.
pub const GIVE_UP_SECONDS: i64 = 5 * DAY;
const FIRST_DELAY_SECONDS: i64 = 10;
const LONGEST_DELAY_SECONDS: i64 = 6 * HOUR;

/// How a webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = WebhookState)]
pub enum State {
    /// It has not answered a challenge yet: nothing is sent.
    Unverified,
    /// What happens is sent.
    Active,
    /// Nothing arrived for days, or it said that it is gone: nothing is sent until the address is set again.
    Stopped,
}
crate::text_column!(State);

/// Why something did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = WebhookFault)]
pub enum Fault {
    /// The host is none of those that the service may send to.
    NotAllowed,
    /// The name leads to no address on the public internet.
    NoPublicAddress,
    /// Nobody answered, or not in time.
    Unreachable,
    /// The certificate is not one for that name.
    Tls,
    /// The answer was no 2xx; a redirect is none.
    Refused,
    /// It answered 410: it is gone.
    Gone,
    /// The answer did not hold the challenge.
    NoChallenge,
}
crate::text_column!(Fault);

/// Where it is, and what it is signed with: sealed as one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The address. It may hold a token of the receiver's.
    pub url: Redacted<String>,
    /// 32 random bytes.
    pub secret: Redacted<[u8; 32]>,
}

impl Target {
    /// The secret as it is shown, once: `whsec_` and base64.
    pub fn shown_secret(&self) -> String {
        format!("{SECRET_PREFIX}{}", BASE64.encode(self.secret.expose()))
    }

    /// What stands in `webhook-signature` of a message: version 1, HMAC-SHA-256 over id, seconds and body.
    pub fn sign(&self, id: &str, at: Timestamp, body: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose()).ok()?;
        mac.update(format!("{id}.{}.{body}", at.seconds()).as_bytes());
        Some(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
    }
}

/// The id of a message in its header.
pub fn header_id(message: Uuid) -> String {
    format!("msg_{}", message.simple())
}

/// The address as it is kept: https, a name and no number, without a log-in and a fragment.
///
/// # Errors
/// `invalid_field`.
pub fn check_url(text: &str) -> Result<String, Refusal> {
    let url = Some(text.trim()).filter(|text| text.len() <= LONGEST).and_then(|text| Url::parse(text).ok());
    let is_fit = |url: &Url| {
        let named = matches!(url.host(), Some(Host::Domain(name)) if !name.is_empty());
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        url.scheme() == "https" && named && bare
    };
    let url = url.filter(is_fit).map(String::from);
    url.ok_or_else(|| {
        Refusal::field(
            "url",
            "Tulis alamat https dengan nama domain, tanpa kata sandi dan tanpa #, paling panjang 500 karakter.",
            "Write an https address with a domain name, without a password and without #, of at most 500 characters.",
        )
    })
}

/// Seconds until the next try after so many that failed: doubling, from ten seconds to six hours.
pub const fn delay_seconds(failures: i64) -> i64 {
    let doublings = if failures > 12 {
        12
    } else if failures < 1 {
        0
    } else {
        failures - 1
    };
    let delay = FIRST_DELAY_SECONDS << doublings;
    if delay > LONGEST_DELAY_SECONDS { LONGEST_DELAY_SECONDS } else { delay }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_is_signed_as_published() {
        // The test vector of the specification's reference libraries (standard-webhooks, "should sign correctly").
        let secret = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}");
        let signed = format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()));
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn addresses_are_https_names_alone() {
        assert_eq!(check_url(" https://Bank.example/hook?x=1 ").unwrap(), "https://bank.example/hook?x=1");
        let long = format!("https://bank.example/{}", "x".repeat(500));
        for bad in [
            "",
            "bank.example",
            "http://bank.example/",
            "https://192.0.2.1/",
            "https://[2001:db8::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://a:b@bank.example/",
            "https://bank.example/#x",
            "file:///etc/passwd",
            &long,
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tries_become_rarer() {
        assert_eq!([0, 1, 2, 3, 10, 99].map(delay_seconds), [10, 10, 20, 40, 5_120, 21_600]);
    }
}
