//! What `ikd relying-party` prints.

use serde_json::json;
use uuid::Uuid;

use super::super::officer::INITIAL;
use super::super::{Failure, Format};
use crate::oauth::http::PATH;
use crate::relying_party::model::PartyState;
use crate::relying_party::service::Listed;
use crate::relying_party::{ApiKey, Entitlement, Quota};
use crate::staff::Secrets;

/// What to do about a key that nobody saw.
pub(super) fn another_key(key: &ApiKey) -> String {
    let id = key.key_id.simple();
    format!("`ikd relying-party key revoke {id}`, then `ikd relying-party key add NAME`")
}

pub(super) fn print_employee(format: Format, username: &str, new: &Secrets) -> Result<(), Failure> {
    match format {
        Format::Text => {
            say!("employee  {username}");
            say!("password  {}", new.password.expose());
            say!("totp      {}", new.totp.secret.expose());
            say!("          {}", new.totp.address.expose());
            say!("Shown once: hand password and secret over in person.");
            say!("{INITIAL}");
        }
        Format::Json => say!(
            "{}",
            json!({"employee_id": new.staff_id, "username": username, "password": new.password.expose(),
                "totp_secret": new.totp.secret.expose(), "totp_url": new.totp.address.expose()})
        ),
    }
    Ok(())
}

pub(super) fn print_key(format: Format, relying_party_id: Option<Uuid>, key: &ApiKey) -> Result<(), Failure> {
    match format {
        Format::Text => {
            if let Some(id) = relying_party_id {
                say!("relying party  {id}");
            }
            say!("key id         {}", key.key_id.simple());
            say!("API key        {}", key.expose());
            say!("Shown once: the service keeps only its hash.");
        }
        Format::Json => say!(
            "{}",
            json!({"relying_party_id": relying_party_id, "key_id": key.key_id.simple().to_string(), "api_key": key.expose()})
        ),
    }
    Ok(())
}

/// A party that has no key yet.
pub(super) fn print_party(format: Format, relying_party_id: Uuid) -> Result<(), Failure> {
    match format {
        Format::Text => {
            say!("relying party  {relying_party_id}");
            say!("It has no key: `ikd relying-party key register NAME --jwk FILE` registers one.");
        }
        Format::Json => say!("{}", json!({"relying_party_id": relying_party_id})),
    }
    Ok(())
}

/// What a party's systems are to be told of a registered key. Nothing of it is secret.
pub(super) fn print_registered(format: Format, (client_id, key_id): (Uuid, Uuid), issuer: &str) -> Result<(), Failure> {
    let endpoint = format!("{issuer}{PATH}");
    match format {
        Format::Text => {
            say!("client_id       {client_id}");
            say!("kid             {key_id}");
            say!("issuer (aud)    {issuer}");
            say!("token endpoint  {endpoint}");
        }
        Format::Json => {
            say!("{}", json!({"client_id": client_id, "key_id": key_id, "issuer": issuer, "token_endpoint": endpoint}))
        }
    }
    Ok(())
}

pub(super) fn print_list(format: Format, listed: &[Listed]) -> Result<(), Failure> {
    if format == Format::Json {
        let all: Vec<_> = listed
            .iter()
            .map(|one| {
                let purposes: Vec<_> = one
                    .party
                    .purposes
                    .iter()
                    .map(|purpose| json!({"code": purpose.code, "text_id": purpose.text_id, "text_en": purpose.text_en}))
                    .collect();
                let keys: Vec<_> = one
                    .keys
                    .iter()
                    .map(|key| json!({"key_id": key.key_id.simple().to_string(), "label": key.label, "thumbprint": key.thumbprint(), "created_at": key.created_at,
                        "expires_at": key.expires_at, "last_used_at": key.last_used_at, "revoked_at": key.revoked_at}))
                    .collect();
                json!({"relying_party_id": one.party.relying_party_id, "name": one.party.name, "state": one.state.as_str(),
                    "attributes": one.party.entitled.names(), "purposes": purposes, "keys": keys, "quota": one.party.quota,
                    "contract": one.party.contract.as_ref().map(|contract| json!({"number": contract.number,
                        "begins_at": contract.begins_at, "ends_at": contract.ends_at}))})
            })
            .collect();
        say!("{}", json!(all));
        return Ok(());
    }
    for one in listed {
        say!("{}  {}  ({})", one.party.relying_party_id, one.party.name, one.state.as_str());
        say!("  entitled to  {}", one.party.entitled.names().join(", "));
        for purpose in &one.party.purposes {
            say!("  purpose      {}: {} / {}", purpose.code, purpose.text_id, purpose.text_en);
        }
        if let Some(contract) = &one.party.contract {
            let (begins, ends) = (contract.begins_at.to_rfc3339(), contract.ends_at.to_rfc3339());
            say!("  contract     {}  from {begins}  until {ends}", contract.number);
        }
        if one.party.quota != Quota::default() {
            say!("  quota        {}", quota_text(one.party.quota));
        }
        for key in &one.keys {
            let state = match (key.revoked_at, key.expires_at) {
                (Some(at), _) => format!("revoked {}", at.to_rfc3339()),
                (None, Some(at)) => format!("until {}", at.to_rfc3339()),
                (None, None) => String::from("living"),
            };
            let kind = if key.public_key.is_some() { "public key" } else { "key       " };
            say!("  {kind}   {}  made {}  {state}", key.key_id.simple(), key.created_at.to_rfc3339());
        }
    }
    Ok(())
}

pub(super) fn print_state(format: Format, name: &str, state: PartyState) -> Result<(), Failure> {
    match (format, state) {
        (Format::Text, PartyState::Disabled) => {
            say!("{name} is suspended: its keys are refused within a second, its people log in no more");
        }
        (Format::Text, PartyState::Active) => say!("{name} verifies again"),
        (Format::Json, state) => say!("{}", json!({"name": name, "state": state.as_str()})),
    }
    Ok(())
}

pub(super) fn print_entitlement(format: Format, name: &str, entitled: &Entitlement) -> Result<(), Failure> {
    match format {
        Format::Text => {
            say!("{name} is entitled to  {}", entitled.set().names().join(", "));
            for purpose in &entitled.purposes {
                say!("  purpose  {}: {} / {}", purpose.code, purpose.text_id, purpose.text_en);
            }
        }
        Format::Json => {
            say!("{}", json!({"name": name, "attributes": entitled.set().names(), "purposes": entitled.purposes}))
        }
    }
    Ok(())
}

pub(super) fn print_quota(format: Format, name: &str, quota: Quota) -> Result<(), Failure> {
    match format {
        Format::Text => say!("{name} may put {}", quota_text(quota)),
        Format::Json => say!("{}", json!({"name": name, "per_minute": quota.per_minute, "per_day": quota.per_day})),
    }
    Ok(())
}

fn quota_text(quota: Quota) -> String {
    let most = |most: Option<i64>| {
        most.map_or_else(|| String::from("as many checks as it likes"), |most| format!("{most} checks"))
    };
    format!("{} a minute, {} a day", most(quota.per_minute), most(quota.per_day))
}
