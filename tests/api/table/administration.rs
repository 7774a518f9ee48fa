//! Rows of what the national administration decides by two.

use serde_json::{Value, json};

use super::{Caller, Endpoint, Subject, endpoint};

/// What can be left out where an office is changed, and where one is added.
const OFFICE: &[&str] =
    &["office.name", "office.kind", "office.parent", "office.regions", "office.address", "office.point", "office.zone"];

pub fn by_two() -> Vec<Endpoint> {
    use Subject::Waiting;
    let none = || Value::Null;
    let own = |method, path, body| endpoint(method, path, Caller::National, Waiting, body);
    let gone = |one: Endpoint| one.refuses(Waiting, 404, "not_found");
    let purposes = json!([{"code": "open", "text_id": "Buka", "text_en": "Open"}]);
    let (reason, email) = ("PKS baru", "pks@bank.example");
    // Without an attribute nobody is added: the row's own body is refused too.
    let bank = json!({"name": "Bank Tabel", "attributes": [], "purposes": purposes, "reason": reason,
        "contract": {"number": "1/PKS", "from": "2026-12-01", "until": "2027-11-30"}});
    let entitled = json!({"attributes": ["full_name"], "purposes": purposes, "reason": reason});
    let contract = json!({"number": "1/PKS", "from": "2026-12-01", "until": "2027-11-30", "reason": reason});
    let contact = json!({"email": email, "language": "id", "reason": reason});
    let manager =
        json!({"username": "rina.bank", "full_name": "Rina", "email": email, "language": "id", "reason": reason});
    let renewal = contact.clone();
    let words = || json!({"reason": reason});
    let office = json!({"name": "UPT Tabel", "kind": "upt", "parent": "", "regions": ["3171"], "address": "", "point": "", "zone": "wib"});
    vec![
        own("get", "/v1/admin/offices", none()),
        gone(own("get", "/v1/admin/offices/{id}", none())),
        // A code in small letters: the row's own body is refused too.
        own("post", "/v1/admin/offices", json!({"code": "uji", "office": office, "reason": reason})).optional(OFFICE),
        gone(
            own("post", "/v1/admin/offices/{id}/change", json!({"office": office, "reason": reason})).optional(OFFICE),
        ),
        gone(own("post", "/v1/admin/offices/{id}/closing", words())),
        gone(own("post", "/v1/admin/offices/{id}/reopening", words())),
        own("get", "/v1/admin/proposals", none()),
        own("get", "/v1/admin/proposals/count", none()),
        gone(own("post", "/v1/admin/proposals/{id}/grant", none())),
        gone(own("post", "/v1/admin/proposals/{id}/refusal", words())),
        gone(own("post", "/v1/admin/proposals/{id}/withdrawal", none())),
        own("get", "/v1/admin/keys", none()),
        gone(own("post", "/v1/admin/keys/{id}/activation", words())),
        gone(own("post", "/v1/admin/keys/{id}/revocation", words())),
        own("get", "/v1/admin/retention", none()),
        gone(own("post", "/v1/admin/retention/{period}", json!({"days": 60, "reason": reason}))),
        own("get", "/v1/admin/mails", none()),
        gone(own("get", "/v1/admin/mails/{kind}/{place}", none())),
        own("get", "/v1/admin/parties", none()),
        own("post", "/v1/admin/parties", bank).optional(&["contract"]),
        gone(own("get", "/v1/admin/parties/{id}", none())),
        gone(own("get", "/v1/admin/parties/{id}/usage", none())),
        own("get", "/v1/admin/branch-counts", none()),
        gone(own("post", "/v1/admin/parties/{id}/entitlement", entitled)),
        gone(own("post", "/v1/admin/parties/{id}/contract", contract)),
        gone(
            own("post", "/v1/admin/parties/{id}/quota", json!({"per_minute": 60, "per_day": 900, "reason": reason}))
                .optional(&["per_minute", "per_day"]),
        ),
        gone(own("post", "/v1/admin/parties/{id}/contact", contact).optional(&["language"])),
        gone(own("post", "/v1/admin/parties/{id}/suspension", words())),
        gone(own("post", "/v1/admin/parties/{id}/resumption", words())),
        gone(own("post", "/v1/admin/parties/{id}/administrators", manager).optional(&["language"])),
        gone(own("post", "/v1/admin/party-administrators/{id}/stop", words())),
        gone(own("post", "/v1/admin/party-administrators/{id}/renewal", renewal).optional(&["language"])),
    ]
}
