//! Rules of passkeys. Pure.

use serde_json::Value;
use uuid::Uuid;

use crate::clock::MINUTE;
use crate::error::{Code, Refusal, Result};
use crate::input;
use crate::staff::model::{Role, Roles};

/// Passkeys of one person at most.
pub const MOST: i64 = 5;
/// Seconds in which a browser answers what it was asked.
pub const ANSWER_SECONDS: i64 = 5 * MINUTE;

/// What a browser is asked to sign for. An answer is good for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// To log in.
    LogIn,
    /// To do something to the own account.
    Act,
    /// To add a passkey; who may was proven before.
    Add,
}

crate::text_column!(Purpose);

/// What a browser answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it was asked.
    pub challenge_id: Uuid,
    /// What its authenticator gave.
    pub credential: Value,
}

/// Whether one of somebody's roles is among those that log in with a passkey.
pub fn is_required(required: &[String], roles: Roles) -> bool {
    let is_named = |role: Role| required.iter().any(|word| word == role.as_str());
    is_named(roles.own) || roles.acting.is_some_and(is_named)
}

/// A passkey's name, by which its owner knows it: 1–60 characters.
///
/// # Errors
/// `invalid_field`.
pub fn check_label(label: &str) -> Result<String> {
    input::label(label, 60).map_err(|text| Refusal::field("label", text.id, text.en).into())
}

/// Why somebody with a passkey is not let in by a code.
pub fn use_it() -> Refusal {
    Refusal::new(Code::LoginFailed).detail(
        "Akun ini masuk dengan kunci sandi: pilih \"Masuk dengan kunci sandi\". Bila hilang, mintalah kata sandi dan autentikator \
         baru kepada penyelia atau administrator lain.",
        "This account logs in with a passkey: choose \"Log in with a passkey\". If it is lost, ask a supervisor or another \
         administrator for new secrets.",
    )
}

/// Why an authenticator that counted back is refused.
pub fn counted_back() -> Refusal {
    Refusal::new(Code::LoginFailed).detail(
        "Kunci sandi ini mungkin telah disalin, karena hitungannya mundur. Jangan dipakai lagi; mintalah kata sandi dan \
         autentikator baru kepada penyelia atau administrator lain.",
        "This passkey may have been copied, because its count went back. Do not use it any more; ask a supervisor or another \
         administrator for new secrets.",
    )
}

/// Why somebody who has to have a passkey does nothing else yet.
pub fn add_first() -> Refusal {
    Refusal::new(Code::Forbidden).detail(
        "Peran Anda memerlukan kunci sandi: tambahkan di halaman akun Anda, lalu lanjutkan.",
        "Your role needs a passkey: add one on your account page, then go on.",
    )
}

/// Why there are none here.
pub fn unavailable() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Kunci sandi terikat pada nama layanan, sedangkan alamat layanan ini berupa angka. Pakai kode autentikator.",
        "Passkeys are bound to the name of a service, and the address of this one is a number. Use the authenticator code.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_role_can_require_one() {
        let required = [String::from("head")];
        let officer = Roles { own: Role::Officer, acting: None };
        assert!(!is_required(&required, officer) && !is_required(&[], officer));
        assert!(is_required(&required, Roles { own: Role::Head, acting: None }));
        assert!(is_required(&required, Roles { acting: Some(Role::Head), ..officer }));
    }
}
