//! Rows about people of the staff: those of an office, those of the national administration, and whoever opens an invitation.

use serde_json::{Value, json};

use super::{Caller, Endpoint, Subject, endpoint};

pub fn staffing() -> Vec<Endpoint> {
    use Caller::{Anybody, Head, National, Supervisor};
    use Subject::Waiting;
    let none = || Value::Null;
    let join = |role: &str| json!({"username": "Besar", "full_name": "Siti Rahma", "email": "siti@dukcapil.example", "role": role});
    let email = || json!({"email": "siti@dukcapil.example"});
    let own = |method, path, who, body| endpoint(method, path, who, Waiting, body);
    let gone = |one: Endpoint| one.refuses(Waiting, 404, "not_found");
    let over = |one: Endpoint| one.refuses(Waiting, 410, "invitation_over");
    let accepting = json!({"link": "AAAA", "password": "lentera-kuning-di-dermaga", "totp": "123456"});
    vec![
        over(own("post", "/v1/invitations/open", Anybody, json!({"link": "AAAA"}))),
        over(own("post", "/v1/invitations/accept", Anybody, accepting)),
        own("get", "/v1/officer/staff", Supervisor, none()),
        own("post", "/v1/officer/staff", Supervisor, join("officer")),
        own("get", "/v1/officer/staff/requests", Supervisor, none()),
        gone(own("post", "/v1/officer/staff/requests/{id}/grant", Head, none())),
        gone(own("post", "/v1/officer/staff/requests/{id}/refuse", Supervisor, none())),
        gone(own("post", "/v1/officer/staff/{id}/renewal", Supervisor, email())),
        gone(own("post", "/v1/officer/staff/{id}/departure", Supervisor, none())),
        gone(own("post", "/v1/officer/staff/{id}/stop", Head, none())),
        gone(own("post", "/v1/officer/staff/{id}/confirmation", Head, none())),
        own("get", "/v1/admin/staff", National, none()),
        own("post", "/v1/admin/staff", National, join("auditor")),
        own("get", "/v1/admin/staff/requests", National, none()),
        gone(own("post", "/v1/admin/staff/requests/{id}/grant", National, none())),
        gone(own("post", "/v1/admin/staff/requests/{id}/refuse", National, none())),
        gone(own("post", "/v1/admin/staff/{id}/renewal", National, email())),
        gone(own("post", "/v1/admin/staff/{id}/departure", National, none())),
        gone(own("post", "/v1/admin/staff/{id}/stop", National, none())),
        gone(own("post", "/v1/admin/staff/{id}/confirmation", National, none())),
    ]
}

/// The own account of the national administration's people.
pub fn own_account() -> Vec<Endpoint> {
    use Caller::{Anybody, National};
    use Subject::Active;
    let none = || Value::Null;
    let log_in = json!({"username": "nobody", "password": "x", "totp": "000000"});
    let own = |method, path, body| endpoint(method, path, National, Active, body);
    let changing = json!({"password": "x", "totp": "000000", "new_password": "tujuh ember hujan kemarin"});
    vec![
        endpoint("post", "/v1/admin/sessions", Anybody, Active, log_in),
        own("get", "/v1/admin/sessions/current", none()),
        endpoint("delete", "/v1/admin/sessions/current", Anybody, Active, none()),
        own("post", "/v1/admin/sessions/current/resume", json!({"password": "x"})),
        own("get", "/v1/admin/sessions", none()),
        own("post", "/v1/admin/sessions/ending", json!({"password": "x"})),
        own("post", "/v1/admin/sessions/{id}/ending", json!({"password": "x"})),
        own("post", "/v1/admin/password", changing),
    ]
}
