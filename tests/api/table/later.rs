//! Rows of what came later: correction cases, printed cards, approvals by two.

use serde_json::{Value, json};

use super::{Caller, Endpoint, Stage, Subject, endpoint};

/// A difference between what somebody says and what the register says.
pub fn corrections(stage: &Stage) -> Vec<Endpoint> {
    use Caller::{Anybody, Device, Officer, Resident, Supervisor};
    use Subject::{Active, Waiting};
    let none = || Value::Null;
    let nik = stage.waiting.record.nik.as_str();
    let named = json!({"kind": "name_change", "fields": ["full_name"]});
    let mine = json!({"kind": "register_misspelling", "fields": ["full_name"], "full_name": "SITI RAHMA"});
    let open = json!({"version": "0", "kind": "name_change", "fields": ["full_name"], "reason": "Bawa penetapan"});
    let step = || json!({"version": "0"});
    let words = || json!({"version": "0", "reason": "Bawa akta kelahiran"});
    let desk = |method, path, body| endpoint(method, path, Officer, Waiting, body);
    let own = |method, path, body| endpoint(method, path, Device, Waiting, body);
    let gone = |one: Endpoint| one.refuses(Waiting, 404, "not_found");
    vec![
        endpoint("get", "/v1/correction-kinds", Anybody, Active, none()),
        endpoint("get", "/v1/me/corrections", Resident, Active, none()),
        endpoint("post", "/v1/me/corrections", Resident, Active, mine).optional(&["fields", "full_name"]),
        endpoint("get", "/v1/corrections", Device, Active, none()),
        endpoint("post", "/v1/corrections", Device, Active, json!({"challenge": "AAAA", "signature": "AAAA"}))
            .optional(&["challenge", "signature"]),
        endpoint("delete", "/v1/me/corrections/{id}", Resident, Active, none()).refuses(Active, 404, "not_found"),
        endpoint("delete", "/v1/corrections/{id}", Device, Active, none()).refuses(Active, 404, "not_found"),
        own("delete", "/v1/registrations/{id}/correction", none()).refuses(Waiting, 404, "not_found"),
        own("post", "/v1/registrations/{id}/correction", named).optional(&["fields"]),
        own("post", "/v1/registrations/{id}/correction/spelling", json!({"version": "0", "agreed": true})).refuses(
            Waiting,
            409,
            "wrong_state",
        ),
        desk("get", "/v1/officer/corrections", none()),
        desk("post", "/v1/officer/corrections", json!({"nik": nik, "reference": "0000-0000"})).refuses(
            Waiting,
            404,
            "not_found",
        ),
        desk("post", "/v1/officer/registrations/{id}/correction", open).optional(&["fields"]),
        gone(desk("get", "/v1/officer/corrections/{id}", none())),
        gone(desk("get", "/v1/officer/corrections/{id}/portrait", none())),
        gone(desk("post", "/v1/officer/corrections/{id}/passing", step())),
        gone(desk("post", "/v1/officer/corrections/{id}/request", step())),
        gone(endpoint("post", "/v1/officer/corrections/{id}/request/grant", Supervisor, Waiting, step())),
        gone(desk("post", "/v1/officer/corrections/{id}/return", words())),
        gone(desk("post", "/v1/officer/corrections/{id}/refusal", words())),
    ]
}

/// Looking for people, what waits, and the office's log.
pub fn looking(stage: &Stage) -> Vec<Endpoint> {
    use Caller::{Head, Officer, Supervisor};
    use Subject::Waiting;
    let none = || Value::Null;
    let nik = stage.waiting.record.nik.as_str();
    let desk = |method, path, body| endpoint(method, path, Supervisor, Waiting, body);
    let officer = |method, path, body| endpoint(method, path, Officer, Waiting, body);
    let gone = |one: Endpoint| one.refuses(Waiting, 404, "not_found");
    let nobody = json!(uuid::Uuid::from_u128(77));
    let log = json!({"reason": "Keluhan warga", "actor_id": nobody, "action": "scan", "subject_id": nobody, "refused": false,
        "first_day": "2026-11-01", "last_day": "2026-11-02", "cursor": "AAAAAAAAAAA", "limit": 1});
    let words = json!({"day": 1, "reason": "Cetak ulang hari ini"});
    vec![
        officer("post", "/v1/officer/active-questions", json!({"nik": nik})),
        officer("post", "/v1/officer/people", json!({"query": nik, "cursor": "AAAAAAAAAAAAAAAAAAAAAA", "limit": 1}))
            .optional(&["cursor", "limit"]),
        desk("get", "/v1/officer/searches", none()),
        gone(desk("post", "/v1/officer/searches/{id}/look", words)),
        gone(desk("post", "/v1/officer/searches/{id}/lift", none())),
        officer("get", "/v1/officer/inbox", none()),
        officer("get", "/v1/officer/colleagues", none()),
        desk("post", "/v1/officer/registrations/{id}/reassign", json!({"from": nobody, "to": nobody})).refuses(
            Waiting,
            409,
            "wrong_state",
        ),
        desk("get", "/v1/officer/audit/own", none()),
        endpoint("post", "/v1/officer/audit/searches", Head, Waiting, log).optional(&[
            "actor_id",
            "action",
            "subject_id",
            "refused",
            "first_day",
            "last_day",
            "cursor",
            "limit",
        ]),
        endpoint("get", "/v1/officer/audit/actions", Head, Waiting, none()),
        endpoint("post", "/v1/officer/audit/checks", Head, Waiting, none()),
    ]
}

/// What two people of an office do for those without a phone, and for those without an e-mail address.
pub fn by_two(stage: &Stage) -> Vec<Endpoint> {
    use Caller::{Officer, Supervisor};
    use Subject::{Sent, Waiting};
    let none = || Value::Null;
    let nik = stage.waiting.record.nik.as_str();
    let helper = json!({"nik": "3171014507650002", "full_name": "AMINAH", "relation": "anak"});
    let said = json!({"nik": nik, "full_name": "SITI", "birth_date": "1990-08-17", "helper": helper.clone()});
    let step = || json!({"version": "0"});
    let asking = json!({"version": "0", "terms_version": "2026-12", "agreed": true, "witness": "Aminah"});
    let checked = json!({"version": "0", "checks": {"face": true, "document": true, "data": true}, "note": "",
        "helper": helper});
    let desk = |method, path, body| endpoint(method, path, Officer, Waiting, body);
    let gone = |one: Endpoint| one.refuses(Waiting, 404, "not_found");
    let mut walks = said.clone();
    walks["kind"] = json!("copy");
    let waived = json!({"version": "0", "checks": {"document": true, "data": true}, "reason": "Wajah diperban",
        "helper": checked["helper"]});
    let wanted = json!({"version": "0", "wanted": true, "witness": "Aminah"});
    let words = |reason: &str| json!({"version": "0", "reason": reason});
    vec![
        desk("post", "/v1/officer/registrations/{id}/approval/second", checked).optional(&["note", "helper"]).refuses(
            Sent,
            409,
            "wrong_state",
        ),
        desk("post", "/v1/officer/registrations/{id}/approval/waiver", waived).optional(&["helper"]).refuses(
            Sent,
            409,
            "wrong_state",
        ),
        desk("post", "/v1/officer/walk-ins", walks).optional(&["helper"]).refuses(Waiting, 404, "not_found"),
        desk("get", "/v1/officer/walk-ins", none()),
        gone(desk("get", "/v1/officer/walk-ins/{id}", none())),
        gone(desk("put", "/v1/officer/walk-ins/{id}/photo", none())),
        gone(desk("get", "/v1/officer/walk-ins/{id}/photo", none())),
        gone(desk("get", "/v1/officer/walk-ins/{id}/portrait", none())),
        gone(desk("post", "/v1/officer/walk-ins/{id}/ask", wanted).optional(&["witness"])),
        gone(endpoint("post", "/v1/officer/walk-ins/{id}/grant", Supervisor, Waiting, step())),
        gone(desk("post", "/v1/officer/walk-ins/{id}/refuse", words("Bukan orangnya"))),
        gone(desk("get", "/v1/officer/walk-ins/{id}/copy", none())),
        endpoint("get", "/v1/officer/office", Supervisor, Waiting, none()),
        endpoint("patch", "/v1/officer/office", Supervisor, Waiting, json!({"version": "ff", "note": "Lantai 2"}))
            .optional(&["note"])
            .refuses(Waiting, 409, "wrong_state"),
        endpoint(
            "post",
            "/v1/officer/office/holidays",
            Supervisor,
            Waiting,
            json!({"day": "2020-01-01", "name": "Lewat", "below": false}),
        )
        .optional(&["below"])
        .refuses(Waiting, 422, "invalid_field"),
        endpoint("delete", "/v1/officer/office/holidays/{day}", Supervisor, Waiting, none()).refuses(
            Waiting,
            404,
            "not_found",
        ),
        endpoint("get", "/v1/offices", Caller::Anybody, Waiting, none()),
        endpoint("get", "/v1/status", Caller::Anybody, Waiting, none()),
        endpoint("get", "/v1/branches", Caller::Anybody, Waiting, none()),
        endpoint("get", "/v1/offices/{code}/calls", Caller::Anybody, Waiting, none()),
        endpoint("get", "/v1/officer/helpers", Supervisor, Waiting, none()),
        gone(endpoint(
            "post",
            "/v1/officer/helpers/{id}/look",
            Supervisor,
            Waiting,
            json!({"reason": "Kader posyandu"}),
        )),
        gone(endpoint("post", "/v1/officer/registrations/{id}/approval/second/grant", Supervisor, Waiting, step())),
        desk("post", "/v1/officer/cards", said).optional(&["helper"]),
        desk("get", "/v1/officer/cards", none()),
        desk("get", "/v1/officer/cards/waiting", none()),
        gone(desk("get", "/v1/officer/cards/{id}", none())),
        gone(desk("put", "/v1/officer/cards/{id}/photo", none())),
        gone(desk("get", "/v1/officer/cards/{id}/photo", none())),
        gone(desk("get", "/v1/officer/cards/{id}/portrait", none())),
        gone(desk("post", "/v1/officer/cards/{id}/ask", asking).optional(&["witness"])),
        gone(endpoint("post", "/v1/officer/cards/{id}/grant", Supervisor, Waiting, step())),
        gone(desk("post", "/v1/officer/cards/{id}/refuse", json!({"version": "0", "reason": "Bukan orangnya"}))),
        gone(desk("get", "/v1/officer/cards/{id}/sheet", none())),
        gone(desk("post", "/v1/officer/cards/{id}/void", json!({"version": "0", "reason": "lost"}))),
        gone(desk("post", "/v1/officer/cards/{id}/keep", json!({"version": "0", "keeps": true}))),
    ]
}

/// What relying parties test with.
pub fn of_testers() -> Vec<Endpoint> {
    use Subject::Waiting;
    let test = |method, path, body| endpoint(method, path, Caller::Tester, Waiting, body);
    let asked = json!({"token": "X", "purpose": "open_account", "attributes": ["full_name"]});
    // Somebody whom nobody invented: the row's own body is refused too.
    let shown = || json!({"person": "nobody", "share": "age", "offline": false, "code": false});
    let own = |method, path, body| endpoint(method, path, Caller::Administrator, Waiting, body);
    vec![
        test("post", "/sandbox/v1/verifications", asked).optional(&["attributes"]),
        test("get", "/sandbox/v1/verifications/{verification_id}", Value::Null).refuses(Waiting, 404, "not_found"),
        test("post", "/sandbox/v1/presentations", shown()).optional(&["share", "offline", "code"]),
        endpoint("get", "/sandbox/v1/people", Caller::Anybody, Waiting, Value::Null),
        endpoint("get", "/sandbox/.well-known/jwks.json", Caller::Anybody, Waiting, Value::Null),
        own("get", "/v1/partner/test-keys", Value::Null),
        own("post", "/v1/partner/test-keys", json!({"label": "CI", "last_day": "2020-01-01"})),
        own("post", "/v1/partner/test-public-keys", json!({"label": "CI", "last_day": "2020-01-01", "jwk": "X"})),
        endpoint("post", "/sandbox/v1/oauth/token", Caller::Anybody, Waiting, Value::Null),
        endpoint("get", "/.well-known/oauth-authorization-server/sandbox", Caller::Anybody, Waiting, Value::Null),
        own("delete", "/v1/partner/test-keys/{id}", Value::Null).refuses(Waiting, 404, "not_found"),
        own("post", "/v1/partner/test-presentations", shown()).optional(&["share", "offline", "code"]),
        own("get", "/v1/partner/test-checks", Value::Null),
    ]
}

/// What administrators of relying parties look after.
pub fn of_partners() -> Vec<Endpoint> {
    use Subject::Waiting;
    let own = |method, path, body| endpoint(method, path, Caller::Administrator, Waiting, body);
    let gone = |one: Endpoint| one.refuses(Waiting, 404, "not_found");
    let invited = json!({"full_name": "Dewi", "username": "D", "email": "dewi@bank.example", "language": "id"});
    let address = json!({"email": "dewi@bank.example", "language": "id"});
    let branch = |regency: &str| json!({"name": "KCP", "address": "Jl. Satu", "regency": regency, "hours": "Senin", "shown": true});
    let there = branch("5108");
    vec![
        own("get", "/v1/partner", Value::Null),
        own("get", "/v1/partner/keys", Value::Null),
        own("post", "/v1/partner/keys", json!({"label": "Kasir", "last_day": "2020-01-01"})),
        own("post", "/v1/partner/public-keys", json!({"label": "Kasir", "last_day": "2020-01-01", "jwk": "X"})),
        endpoint("post", "/v1/oauth/token", Caller::Anybody, Waiting, Value::Null),
        endpoint("get", "/.well-known/oauth-authorization-server", Caller::Anybody, Waiting, Value::Null),
        gone(own("delete", "/v1/partner/keys/{id}", Value::Null)),
        own("get", "/v1/partner/employees", Value::Null),
        gone(own("post", "/v1/partner/employees/{id}/disable", Value::Null)),
        gone(own("post", "/v1/partner/employees/{id}/enable", Value::Null)),
        own("get", "/v1/partner/invitations", Value::Null),
        // A user name that is none: the row's own body is refused too.
        own("post", "/v1/partner/invitations", invited).optional(&["username", "language"]),
        gone(own("post", "/v1/partner/invitations/{id}/resend", Value::Null)),
        gone(own("delete", "/v1/partner/invitations/{id}", Value::Null)),
        gone(own("post", "/v1/partner/employees/{id}/renewal", address).optional(&["language"])),
        // Their bodies are no JSON: `employees.rs`.
        own("post", "/v1/partner/employee-lists", Value::Null),
        own("post", "/v1/partner/employee-lists/check", Value::Null),
        own("get", "/v1/partner/usage", Value::Null),
        own("get", "/v1/partner/branches", Value::Null),
        // A regency that is none: the row's own body is refused too.
        own("post", "/v1/partner/branches", branch("0000")).optional(&["hours"]),
        gone(
            own("put", "/v1/partner/branches/{id}", json!({"revision": 0, "branch": there}))
                .optional(&["branch.hours"]),
        ),
        gone(own("delete", "/v1/partner/branches/{id}", Value::Null)),
        own("get", "/v1/partner/regencies", Value::Null),
        own("get", "/v1/partner/branch-counts", Value::Null),
        own("get", "/v1/partner/branch-reports", Value::Null),
        gone(own("post", "/v1/partner/branch-reports/{id}/close", Value::Null)),
        gone(own("get", "/v1/partner/webhook", Value::Null)),
        own("put", "/v1/partner/webhook", json!({"url": "http://bank.example/"})),
        own("delete", "/v1/partner/webhook", Value::Null),
        gone(own("post", "/v1/partner/webhook/verification", Value::Null)),
    ]
}

/// The office's figures, and the months that it sends upward.
pub fn figures() -> Vec<Endpoint> {
    use Caller::{Head, National, Officer, Supervisor};
    use Subject::Waiting;
    let none = || Value::Null;
    let month =
        |rest: &'static str, who, body| endpoint("post", rest, who, Waiting, body).refuses(Waiting, 404, "not_found");
    let read = |path| endpoint("get", path, Officer, Waiting, none());
    vec![
        read("/v1/officer/office-figures"),
        endpoint("get", "/v1/officer/region-figures", Head, Waiting, none()),
        endpoint("get", "/v1/admin/figures", National, Waiting, none()),
        endpoint("get", "/v1/admin/figures/rows", National, Waiting, none()),
        read("/v1/officer/recaps"),
        read("/v1/officer/recaps/{month}"),
        read("/v1/officer/recaps/{month}/workbook"),
        read("/v1/officer/recaps/{month}/rows"),
        endpoint("post", "/v1/officer/recaps/{month}/request", Supervisor, Waiting, none()),
        month("/v1/officer/recaps/{month}/signature", Head, json!({"version": "0"})),
        month("/v1/officer/recaps/{month}/refusal", Head, json!({"version": "0", "reason": "Periksa lagi"})),
    ]
}

/// The log of all offices.
pub fn auditing() -> Vec<Endpoint> {
    use Caller::Auditor;
    use Subject::Waiting;
    let own = |method, path, body| endpoint(method, path, Auditor, Waiting, body);
    let search = json!({"reason": "aaaaaa", "office": "UJI-01", "refused": false});
    let opening = json!({"office": "UJI-01", "subject_id": uuid::Uuid::from_u128(77), "reason": "Keluhan warga"});
    vec![
        own("get", "/v1/admin/audit/chains", Value::Null),
        own("get", "/v1/admin/audit/actions", Value::Null),
        own("post", "/v1/admin/audit/searches", search).optional(&["office", "refused"]).refuses(
            Waiting,
            422,
            "invalid_field",
        ),
        own("post", "/v1/admin/audit/openings", opening).refuses(Waiting, 404, "not_found"),
        own("post", "/v1/admin/audit/checks", json!({"chain": uuid::Uuid::from_u128(77), "after": 0}))
            .optional(&["after"])
            .refuses(Waiting, 404, "not_found"),
    ]
}
