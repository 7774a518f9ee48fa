//! What people type: what was made clean is clean, and stays what it is when it is typed again.
#![no_main]

use ikd::activation_code::code::ActivationCode;
use ikd::input::{email, is_hostile, name, phone, ungrouped};
use ikd::page;
use ikd::register::{Date, Nik};
use ikd::relying_party::model::ApiKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for clean in [name::clean(text).ok(), email::clean(text).ok(), phone::clean(text).ok()].into_iter().flatten() {
        assert!(!clean.chars().any(is_hostile), "{clean:?}");
    }
    if let Ok(clean) = name::clean(text) {
        assert_eq!(name::clean(&clean).ok().as_deref(), Some(clean.as_str()), "a name that is clean");
        let _ = name::compare(&name::key(&clean), &name::key(text));
    }
    if let Ok(clean) = email::clean(text) {
        assert_eq!(email::clean(&clean).ok().as_deref(), Some(clean.as_str()), "an address that is clean");
        assert!(!clean.contains(['\r', '\n', ' ', ',', '<', '>']), "{clean:?}");
        let _ = email::mailbox(&clean);
    }
    if let Ok(clean) = phone::clean(text) {
        assert_eq!(phone::clean(&clean).ok().as_deref(), Some(clean.as_str()), "a number that is clean");
    }
    let ungrouped_once = ungrouped(text);
    assert_eq!(ungrouped(&ungrouped_once), ungrouped_once);
    if let Ok(nik) = Nik::parse(text) {
        assert_eq!(Nik::parse(nik.as_str()).ok().as_ref().map(Nik::as_str), Some(nik.as_str()));
        assert_eq!(nik.masked().len(), 16);
    }
    for day in [Date::parse(text).ok(), Date::parse_printed(text).ok()].into_iter().flatten() {
        assert_eq!(Date::parse(&day.to_string()).ok(), Some(day), "a day has one spelling");
    }
    let _ = (ActivationCode::parse(text), ApiKey::parse(text));
    let _ = page::after(Some(text), 0_i64);
});
