//! Rows of outreach and officer proof.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Caller, Endpoint, Stage, Subject, endpoint};

/// What an office does beside its counters, and how its people are recognised.
pub fn outreach(stage: &Stage) -> Vec<Endpoint> {
    use Caller::{Anybody, Officer, Supervisor};
    use Subject::{Active, Waiting};
    let none = || Value::Null;
    let desk = |method, path, body| endpoint(method, path, Officer, Waiting, body);
    let chief = |method, path, body| endpoint(method, path, Supervisor, Waiting, body);
    let gone = |one: Endpoint| one.refuses(Waiting, 404, "not_found");
    let step = || json!({"version": "0"});
    let today = ikd::register::Date::in_jakarta(stage.world.context.now());
    let nobody = Uuid::from_u128(77);
    let later = |hours: i64| stage.world.context.now().plus_seconds(hours * 3_600).to_rfc3339();
    let plan = json!({"kind": "home_visit", "place": "Balai Warga", "village_code": "3171011001", "starts_at": later(1),
        "ends_at": later(4), "capacity": 60, "lead": nobody, "people": [Uuid::from_u128(78)], "reason": "Tidak dapat bangun",
        "coordinator": {"name": "Bu Rina", "phone": "0812 3456 7890"}});
    let position = json!({"latitude": -6.2, "longitude": 106.8});
    vec![
        desk("get", "/v1/officer/outreach", none()),
        desk("post", "/v1/officer/outreach", plan.clone()).optional(&["coordinator", "reason"]),
        desk("get", "/v1/officer/outreach/people", none()),
        desk("get", "/v1/officer/outreach/villages", none()),
        gone(desk("get", "/v1/officer/outreach/{id}", none())),
        gone(
            desk("put", "/v1/officer/outreach/{id}", json!({"version": "0", "plan": plan}))
                .optional(&["plan.coordinator", "plan.reason"]),
        ),
        gone(chief("post", "/v1/officer/outreach/{id}/confirm", step())),
        gone(desk("post", "/v1/officer/outreach/{id}/cancel", step())),
        gone(desk("post", "/v1/officer/outreach/{id}/open", step())),
        gone(desk("post", "/v1/officer/outreach/{id}/close", step())),
        gone(desk("post", "/v1/officer/outreach/{id}/report", json!({"version": "0", "offline_minutes": 5}))),
        desk("get", "/v1/officer/duty", none()),
        desk("post", "/v1/officer/duty", json!({"until": later(1), "outreach_id": nobody, "position": position}))
            .optional(&["outreach_id", "position"]),
        desk("delete", "/v1/officer/duty", none()),
        desk("post", "/v1/officer/duty/token", none()),
        chief("get", "/v1/officer/staff-photos", none()),
        gone(chief("get", "/v1/officer/staff-photos/{id}", none())),
        gone(chief("put", "/v1/officer/staff-photos/{id}", none())),
        chief("get", "/v1/officer/fraud-reports", none()),
        gone(chief("post", "/v1/officer/fraud-reports/{id}/close", json!({"reason": "Bukan petugas kami"}))),
        endpoint("post", "/v1/officer-proofs", Anybody, Active, json!({"code": "7KQ2M9", "position": position, "captcha": "x"}))
            .optional(&["position", "captcha"]),
        endpoint("post", "/v1/officer-proofs/captcha", Anybody, Active, none()),
        endpoint(
            "post",
            "/v1/fraud-reports",
            Anybody,
            Active,
            json!({"office_id": nobody, "what": "Diminta uang Rp50.000", "place": "Pasar", "contact": "0812", "code": "x", "captcha": "x"}),
        )
        .optional(&["contact", "code", "captcha"]),
        gone(
            endpoint(
                "post",
                "/v1/branches/{id}/reports",
                Anybody,
                Active,
                json!({"what": "photocopy", "day": today, "words": "Di kasir", "captcha": "x"}),
            )
            .optional(&["words", "captcha"]),
        ),
    ]
}
