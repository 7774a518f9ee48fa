//! Every endpoint of the API description against every kind of bad input. An endpoint that is missing here fails the test.

use std::collections::BTreeSet;

use ikd::staff::Role;
use reqwest::Method;
use serde_json::{Value, json};
use support::client::Resident;
use uuid::Uuid;

mod administration;
mod foreign;
mod later;
mod outreach;
mod staffing;

use crate::headers::{problem, secure};
use support::each_engine;
use support::world::{Applicant, BANK, World};

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Anybody,
    /// A device, whose registration the path may name.
    Device,
    /// A device with an open session.
    Resident,
    Officer,
    Supervisor,
    Head,
    Teller,
    /// An administrator of the national administration.
    National,
    /// An auditor of it.
    Auditor,
    /// An administrator of a relying party, who logs in where tellers do.
    Administrator,
    Party,
    /// A relying party with a key to the sandbox.
    Tester,
    /// The register's side, for which this node has no key.
    Registrar,
}

/// Paths of relying parties' systems.
const PARTIES: &[&str] = &[
    "/v1/verifications",
    "/v1/annulled-verifications",
    "/v1/disputes",
    "/sandbox/v1/verifications",
    "/sandbox/v1/presentations",
];

/// In which state the registration is that a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Fresh,
    Waiting,
    Sent,
    Active,
}

struct Endpoint {
    method: &'static str,
    path: &'static str,
    caller: Caller,
    subject: Subject,
    /// A body of the right form, `Null` for none.
    body: Value,
    /// Members that may be left out.
    optional: &'static [&'static str],
    /// Where it does not apply, and what is said there.
    wrong_state: Option<(Subject, u16, &'static str)>,
}

fn endpoint(method: &'static str, path: &'static str, caller: Caller, subject: Subject, body: Value) -> Endpoint {
    Endpoint { method, path, caller, subject, body, optional: &[], wrong_state: None }
}

impl Endpoint {
    fn optional(self, optional: &'static [&'static str]) -> Self {
        Self { optional, ..self }
    }

    fn refuses(self, subject: Subject, status: u16, code: &'static str) -> Self {
        Self { wrong_state: Some((subject, status, code)), ..self }
    }
}

/// What is put right afterwards: activations that were wrongful, checks that their holders do not know.
fn put_right(stage: &Stage) -> Vec<Endpoint> {
    use Caller::{Party, Resident, Supervisor};
    use Subject::{Active, Waiting};
    let answer = json!({"finding": "unknown", "words": "Tidak ada catatannya"});
    let unknown = json!({"verification_id": Uuid::from_u128(77)});
    let desk = |method, path, body| endpoint(method, path, Supervisor, Waiting, body);
    let ask = json!({"nik": stage.active.record.nik, "reason": "Bukan pemiliknya yang mengaktifkan"});
    let one = "/v1/officer/annulments/{id}";
    vec![
        desk("post", "/v1/officer/annulments", ask),
        desk("get", "/v1/officer/annulments", Value::Null),
        desk("get", one, Value::Null).refuses(Waiting, 404, "not_found"),
        desk("post", "/v1/officer/annulments/{id}/grant", json!({"version": "0"})).refuses(Waiting, 404, "not_found"),
        desk("post", "/v1/officer/annulments/{id}/refuse", json!({"version": "0", "reason": "Pemiliknya sendiri"}))
            .refuses(Waiting, 404, "not_found"),
        desk("get", "/v1/officer/call-backs", Value::Null),
        desk("post", "/v1/officer/call-backs/{id}", json!({"finding": "confirmed"})).refuses(Waiting, 404, "not_found"),
        desk("get", "/v1/officer/paused", Value::Null),
        desk("post", "/v1/officer/paused/{id}/restore", Value::Null).refuses(Waiting, 404, "not_found"),
        endpoint("get", "/v1/annulled-verifications", Party, Waiting, Value::Null),
        endpoint("post", "/v1/me/disputes", Resident, Active, unknown).refuses(Active, 404, "not_found"),
        endpoint("get", "/v1/me/disputes", Resident, Active, Value::Null),
        endpoint("delete", "/v1/me/disputes/{id}", Resident, Active, Value::Null).refuses(Active, 404, "not_found"),
        endpoint("get", "/v1/disputes", Party, Waiting, Value::Null),
        endpoint("post", "/v1/disputes/{id}/answer", Party, Waiting, answer).refuses(Waiting, 404, "not_found"),
    ]
}

/// What happens to a digital KTP after its activation.
fn life(stage: &Stage) -> Vec<Endpoint> {
    use Caller::{Anybody, Device, Officer, Resident, Supervisor};
    use Subject::{Active, Waiting};
    let none = || Value::Null;
    let signed = || json!({"challenge": "AAAA", "signature": "AAAA"});
    let with = |more: Value| {
        let mut body = signed();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let pin = || with(json!({"pin_public_key": stage.pin_key}));
    let words = || json!({"version": "0", "reason": "Wajah dan KTP-el cocok"});
    let nik = stage.active.record.nik.as_str();
    let call = json!({"nik": nik, "full_name": "X", "birth_date": "1990-08-17", "reason": "Ponsel hilang",
        "present": false});
    let phone = |method, path, body| endpoint(method, path, Device, Active, body);
    let me = |method, path, body| endpoint(method, path, Resident, Active, body);
    let desk = |method, path, body| endpoint(method, path, Officer, Waiting, body);
    let grant = json!({"version": "0"});
    vec![
        endpoint("post", "/v1/blocks", Anybody, Active, json!({"nik": nik, "block_code": "7KQ2M9XD", "captcha": "x"}))
            .optional(&["captcha"]),
        endpoint("post", "/v1/blocks/captcha", Anybody, Active, none()),
        phone("get", "/v1/me/status", none()),
        phone("post", "/v1/me/unblock", with(json!({"seen": "0"}))).optional(&["seen"]).refuses(
            Active,
            409,
            "wrong_state",
        ),
        me("post", "/v1/me/block", none()),
        me("post", "/v1/me/block-code", json!({"request_id": "a"})).optional(&["request_id"]),
        me("post", "/v1/me/pin", with(json!({"pin_public_key": stage.pin_key, "new_signature": "AAAA"}))),
        me("get", "/v1/me/changes", none()),
        phone("post", "/v1/me/changes", signed()),
        me("get", "/v1/me/closure", none()),
        me("post", "/v1/me/closure", with(json!({"withdraw_consent": false}))).optional(&["withdraw_consent"]),
        phone("post", "/v1/me/closure/undo", signed()).refuses(Active, 409, "wrong_state"),
        me("post", "/v1/me/export", with(json!({"pdf": false}))).optional(&["pdf"]),
        me("get", "/v1/me/contact", none()),
        me("post", "/v1/me/contact", with(json!({"email": "x@example.id"}))),
        me("delete", "/v1/me/contact", none()),
        me("post", "/v1/me/contact/code", json!({"code": "123456"})),
        me("post", "/v1/me/transfers", json!({"token": "NONSENSE"})),
        me("post", "/v1/me/transfers/{id}/allow", signed()),
        phone("post", "/v1/transfers", none()),
        phone("get", "/v1/transfers/{id}", none()).refuses(Active, 404, "not_found"),
        phone("post", "/v1/transfers/{id}/token", none()).refuses(Active, 404, "not_found"),
        phone("post", "/v1/transfers/{id}/pin", pin()).refuses(Active, 404, "not_found"),
        phone("post", "/v1/recoveries", none()),
        phone("get", "/v1/recoveries/{id}", none()).refuses(Active, 404, "not_found"),
        phone("delete", "/v1/recoveries/{id}", none()).refuses(Active, 404, "not_found"),
        phone("post", "/v1/recoveries/{id}/token", none()).refuses(Active, 404, "not_found"),
        phone("post", "/v1/recoveries/{id}/pin", pin()).refuses(Active, 404, "not_found"),
        desk("post", "/v1/officer/departures", json!({"nik": nik, "reason": "Surat sudah dilihat"})).refuses(
            Waiting,
            404,
            "not_found",
        ),
        desk("get", "/v1/officer/departures", none()),
        desk("get", "/v1/officer/departures/{id}", none()).refuses(Waiting, 404, "not_found"),
        desk("post", "/v1/officer/departures/{id}/refuse", words()).refuses(Waiting, 404, "not_found"),
        endpoint("post", "/v1/officer/departures/{id}/grant", Supervisor, Waiting, grant.clone()).refuses(
            Waiting,
            404,
            "not_found",
        ),
        phone("post", "/v1/contact-visits", json!({"email": "x@example.id"})).refuses(Active, 409, "wrong_state"),
        phone("get", "/v1/contact-visits/{id}", none()).refuses(Active, 404, "not_found"),
        phone("delete", "/v1/contact-visits/{id}", none()).refuses(Active, 404, "not_found"),
        phone("post", "/v1/contact-visits/{id}/code", json!({"code": "123456"})).refuses(Active, 404, "not_found"),
        phone("post", "/v1/contact-visits/{id}/token", none()).refuses(Active, 404, "not_found"),
        desk("get", "/v1/officer/contact-visits", none()),
        desk("post", "/v1/officer/contact-visits/scan", json!({"token": "NONSENSE"})).refuses(
            Waiting,
            422,
            "invalid_field",
        ),
        desk("get", "/v1/officer/contact-visits/{id}", none()).refuses(Waiting, 404, "not_found"),
        desk("get", "/v1/officer/contact-visits/{id}/portrait", none()).refuses(Waiting, 404, "not_found"),
        desk("post", "/v1/officer/contact-visits/{id}/ask", words()).refuses(Waiting, 404, "not_found"),
        desk("post", "/v1/officer/contact-visits/{id}/refuse", words()).refuses(Waiting, 404, "not_found"),
        endpoint("post", "/v1/officer/contact-visits/{id}/grant", Supervisor, Waiting, grant.clone()).refuses(
            Waiting,
            404,
            "not_found",
        ),
        desk("post", "/v1/officer/blocks", call).optional(&["present"]),
        endpoint("get", "/v1/officer/blocks", Supervisor, Waiting, none()),
        endpoint("get", "/v1/officer/blocks/officers", Supervisor, Waiting, none()),
        endpoint("post", "/v1/officer/blocks/{id}/look", Supervisor, Waiting, json!({"reason": "Sudah ditanyakan"}))
            .refuses(Waiting, 404, "not_found"),
        desk("get", "/v1/officer/releases", none()),
        desk("post", "/v1/officer/registrations/{id}/release/refuse", grant.clone()).refuses(Waiting, 404, "not_found"),
        desk("get", "/v1/officer/recoveries", none()),
        desk("post", "/v1/officer/recoveries/scan", json!({"token": "NONSENSE"})).refuses(
            Waiting,
            422,
            "invalid_field",
        ),
        desk("get", "/v1/officer/recoveries/{id}", none()).refuses(Waiting, 404, "not_found"),
        desk("get", "/v1/officer/recoveries/{id}/portrait", none()).refuses(Waiting, 404, "not_found"),
        desk("post", "/v1/officer/recoveries/{id}/ask", words()).refuses(Waiting, 404, "not_found"),
        desk("post", "/v1/officer/recoveries/{id}/refuse", words()).refuses(Waiting, 404, "not_found"),
        endpoint("post", "/v1/officer/recoveries/{id}/grant", Supervisor, Waiting, grant).refuses(
            Waiting,
            404,
            "not_found",
        ),
    ]
}

/// What those do who logged in with secrets that an operator made; people of this table have chosen theirs.
fn own_secrets() -> Vec<Endpoint> {
    use Caller::{National, Officer, Teller};
    use Subject::Waiting;
    let chosen = || json!({"new_password": "tujuh ember hujan kemarin", "totp": "000000"});
    let of = |caller, path| {
        [
            endpoint("get", path, caller, Waiting, Value::Null).refuses(Waiting, 409, "wrong_state"),
            endpoint("post", path, caller, Waiting, chosen()).optional(&["new_password", "totp"]).refuses(
                Waiting,
                409,
                "wrong_state",
            ),
        ]
    };
    [of(Officer, "/v1/officer/secrets"), of(Teller, "/v1/teller/secrets"), of(National, "/v1/admin/secrets")]
        .into_iter()
        .flatten()
        .collect()
}

/// What everybody of the staff does about own passkeys; the world of this table has a number for a name, so there are none.
fn passkeys() -> Vec<Endpoint> {
    use Caller::{Anybody, National, Officer, Teller};
    use Subject::{Active, Waiting};
    let proof = || json!({"password": "x", "totp": "000000"});
    let made = || json!({"label": "Kunci biru", "challenge_id": Uuid::from_u128(77), "credential": {}});
    let of = |caller, [log_in, own, prove, question, removal]: [&'static str; 5]| {
        [
            endpoint("post", log_in, Anybody, Active, json!({"username": "siapa", "password": "bukan kata sandi"}))
                .refuses(Active, 409, "wrong_state"),
            endpoint("get", own, caller, Waiting, Value::Null),
            endpoint("post", own, caller, Waiting, made()).refuses(Waiting, 422, "invalid_field"),
            endpoint("post", prove, caller, Waiting, Value::Null).refuses(Waiting, 404, "not_found"),
            endpoint("post", question, caller, Waiting, proof()).refuses(Waiting, 409, "wrong_state"),
            endpoint("post", removal, caller, Waiting, proof()).refuses(Waiting, 404, "not_found"),
        ]
    };
    [
        of(
            Officer,
            [
                "/v1/officer/sessions/passkey",
                "/v1/officer/passkeys",
                "/v1/officer/passkeys/proof",
                "/v1/officer/passkeys/question",
                "/v1/officer/passkeys/{id}/removal",
            ],
        ),
        of(
            Teller,
            [
                "/v1/teller/sessions/passkey",
                "/v1/teller/passkeys",
                "/v1/teller/passkeys/proof",
                "/v1/teller/passkeys/question",
                "/v1/teller/passkeys/{id}/removal",
            ],
        ),
        of(
            National,
            [
                "/v1/admin/sessions/passkey",
                "/v1/admin/passkeys",
                "/v1/admin/passkeys/proof",
                "/v1/admin/passkeys/question",
                "/v1/admin/passkeys/{id}/removal",
            ],
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn endpoints(stage: &Stage) -> Vec<Endpoint> {
    use Caller::{Anybody, Device, Officer, Party, Resident, Supervisor, Teller};
    use Subject::{Active, Fresh, Sent, Waiting};
    let none = || Value::Null;
    let world = &stage.world;
    let mut registration = world.registration(&world.people[9], "tabel@example.id");
    registration["locale"] = json!("id");
    registration["captcha"] = json!("x");
    let signed = json!({"challenge": "AAAA", "signature": "AAAA"});
    let log_in = json!({"username": "siapa", "password": "bukan kata sandi", "totp": "000000"});
    let question = json!({"token": "NONSENSE", "purpose": "open_account", "attributes": ["full_name"]});
    let typed = json!({"code": "0123456789", "purpose": "open_account", "attributes": ["full_name"]});
    let returning = json!({"version": "0", "to": "data", "reason": "Perbaiki data Anda", "release": ["full_name"]});
    let rejecting = json!({"version": "0", "reason": "Bukan orang yang sama", "note": "uji"});
    let own = |method, rest: &'static str, subject, body| endpoint(method, rest, Device, subject, body);
    let desk = |method, path, body| endpoint(method, path, Officer, Waiting, body);
    vec![
        endpoint("get", "/v1/terms", Anybody, Active, none()),
        endpoint("get", "/.well-known/jwks.json", Anybody, Active, none()),
        endpoint("post", "/v1/register/changes", Caller::Registrar, Active, none()),
        endpoint("get", "/v1/status-lists", Anybody, Active, none()),
        endpoint("get", "/v1/status-lists/{list}", Anybody, Active, none()),
        endpoint("get", "/v1/log/key", Anybody, Active, none()),
        endpoint("get", "/v1/log/checkpoint", Anybody, Active, none()),
        endpoint("get", "/v1/log/proofs/inclusion", Anybody, Active, none()),
        endpoint("get", "/v1/log/proofs/consistency", Anybody, Active, none()),
        endpoint("get", "/v1/log/proofs/receipt", Anybody, Active, none()),
        endpoint("post", "/v1/log/cosignatures", Anybody, Active, none()),
        endpoint("post", "/v1/captcha", Device, Active, none()),
        endpoint("post", "/v1/challenges", Device, Active, none()),
        endpoint("post", "/v1/registrations", Device, Active, registration).optional(&["locale", "captcha", "email"]),
        own("get", "/v1/registrations/{id}", Waiting, none()),
        own("patch", "/v1/registrations/{id}", Waiting, json!({"email": "x@example.id", "phone": "0812 3456 7890"}))
            .optional(&["email", "phone"])
            .refuses(Active, 409, "wrong_state"),
        own("delete", "/v1/registrations/{id}", Waiting, none()).refuses(Active, 409, "wrong_state"),
        own("put", "/v1/registrations/{id}/selfie", Waiting, none()).refuses(Active, 409, "wrong_state"),
        own("post", "/v1/registrations/{id}/activation-token", Waiting, none()).refuses(Fresh, 409, "wrong_state"),
        own("post", "/v1/registrations/{id}/counter-scan", Waiting, json!({"token": "NONSENSE"})).refuses(
            Fresh,
            409,
            "wrong_state",
        ),
        own("post", "/v1/registrations/{id}/activation-code", Sent, json!({"code": "123456", "captcha": "x"}))
            .optional(&["captcha"])
            .refuses(Waiting, 409, "wrong_state"),
        own("post", "/v1/registrations/{id}/activation-code/resend", Sent, none()).refuses(Waiting, 409, "wrong_state"),
        own(
            "post",
            "/v1/registrations/{id}/pin",
            Sent,
            json!({"pin_public_key": stage.pin_key, "challenge": "AAAA", "signature": "AAAA"}),
        )
        .refuses(Waiting, 409, "wrong_state"),
        endpoint("post", "/v1/sessions", Device, Active, signed).refuses(Waiting, 404, "not_found"),
        endpoint("delete", "/v1/sessions/current", Resident, Active, none()),
        endpoint("get", "/v1/me", Resident, Active, none()),
        endpoint("get", "/v1/me/portrait", Resident, Active, none()),
        endpoint(
            "post",
            "/v1/me/presentations",
            Resident,
            Active,
            json!({"share": "age", "offline": false, "code": false}),
        )
        .optional(&["offline", "code"]),
        endpoint("get", "/v1/me/verifications", Resident, Active, none()),
        endpoint("post", "/v1/officer/sessions", Anybody, Active, log_in.clone()),
        desk("get", "/v1/officer/sessions/current", none()),
        endpoint("delete", "/v1/officer/sessions/current", Anybody, Active, none()),
        desk("post", "/v1/officer/sessions/current/resume", json!({"password": "x"})),
        desk("get", "/v1/officer/sessions", none()),
        desk("post", "/v1/officer/sessions/ending", json!({"password": "x"})),
        desk("post", "/v1/officer/sessions/{id}/ending", json!({"password": "x"})),
        desk(
            "post",
            "/v1/officer/password",
            json!({"password": "x", "totp": "000000", "new_password": "tujuh ember hujan kemarin"}),
        ),
        desk("post", "/v1/officer/scans", json!({"token": "NONSENSE"})),
        desk("post", "/v1/officer/counter-tokens", none()),
        desk("get", "/v1/officer/matches", none()),
        desk("get", "/v1/officer/arrivals", none()),
        desk("post", "/v1/officer/arrivals", json!({"token": "NONSENSE"})),
        desk("post", "/v1/officer/registrations/{id}/take", none()).refuses(Sent, 409, "wrong_state"),
        desk("get", "/v1/officer/figures", none()),
        desk("get", "/v1/officer/views", none()),
        desk("post", "/v1/officer/registrations/{id}/views", json!({"reason": "Warga menelepon"})),
        desk("get", "/v1/officer/registrations", none()),
        desk("get", "/v1/officer/registrations/{id}", none()),
        desk("get", "/v1/officer/registrations/{id}/selfie", none()),
        desk("get", "/v1/officer/registrations/{id}/portrait", none()),
        desk("post", "/v1/officer/registrations/{id}/match", json!({"match_number": 42})).refuses(
            Sent,
            404,
            "not_found",
        ),
        desk(
            "post",
            "/v1/officer/registrations/{id}/approval",
            json!({"version": "0", "checks": {"face": true, "document": true, "data": true}, "note": "",
                "helper": {"nik": "3171014507650002", "full_name": "AMINAH", "relation": "anak"}}),
        )
        .optional(&["note", "helper"])
        .refuses(Sent, 409, "wrong_state"),
        desk("post", "/v1/officer/registrations/{id}/return", returning).optional(&["release"]).refuses(
            Sent,
            409,
            "wrong_state",
        ),
        desk("post", "/v1/officer/registrations/{id}/rejection", rejecting).optional(&["note"]).refuses(
            Sent,
            409,
            "wrong_state",
        ),
        desk("post", "/v1/officer/registrations/{id}/release", json!({"version": "0", "reason": "Ponsel hilang"}))
            .refuses(Sent, 409, "wrong_state"),
        desk("get", "/v1/officer/registrations/{id}/release", none()).refuses(Waiting, 404, "not_found"),
        endpoint("post", "/v1/officer/registrations/{id}/release/grant", Supervisor, Waiting, json!({"version": "0"}))
            .refuses(Waiting, 404, "not_found"),
        endpoint("post", "/v1/teller/sessions", Anybody, Active, log_in),
        endpoint("get", "/v1/teller/sessions/current", Teller, Active, none()),
        endpoint("delete", "/v1/teller/sessions/current", Anybody, Active, none()),
        endpoint("post", "/v1/teller/sessions/current/resume", Teller, Active, json!({"password": "x"})),
        endpoint("get", "/v1/teller/sessions", Teller, Active, none()),
        endpoint("post", "/v1/teller/sessions/ending", Teller, Active, json!({"password": "x"})),
        endpoint("post", "/v1/teller/sessions/{id}/ending", Teller, Active, json!({"password": "x"})),
        endpoint(
            "post",
            "/v1/teller/password",
            Teller,
            Active,
            json!({"password": "x", "totp": "000000", "new_password": "tujuh ember hujan kemarin"}),
        ),
        endpoint("post", "/v1/teller/verifications", Teller, Active, question.clone()).optional(&["attributes"]),
        endpoint("post", "/v1/teller/verifications", Teller, Active, typed.clone()).optional(&["attributes"]),
        endpoint("get", "/v1/teller/verifications", Teller, Active, none()),
        endpoint("post", "/v1/verifications", Party, Active, question).optional(&["attributes"]),
        endpoint("post", "/v1/verifications", Party, Active, typed).optional(&["attributes"]),
        endpoint("get", "/v1/verifications/{verification_id}", Party, Active, none()),
    ]
}

/// A world with somebody in each state.
struct Stage {
    world: World,
    fresh: Applicant,
    waiting: Applicant,
    sent: Applicant,
    active: Applicant,
    stranger: Resident,
    officer: String,
    supervisor: String,
    teller: String,
    head: String,
    administrator: String,
    national: String,
    auditor: String,
    revoked: String,
    test_key: String,
    verification: String,
    pin_key: String,
}

impl Stage {
    async fn set_up(context: ikd::context::Context) -> Self {
        let world = World::open(context).await;
        let (fresh, waiting) = (world.register(&world.people[0]).await, world.waiting(&world.people[1]).await);
        world.scan(world.desk().await, &waiting).await.expect(200);
        let (sent, active) = (world.approved(&world.people[2]).await, world.active(&world.people[3]).await);
        let stranger = world.phone();
        stranger.captcha().await;
        let teller = world.teller("dewi").await;
        let administrator = world.party_administrator("rina").await;
        let national = crate::staffing::official(&world, "pusat", Role::Administrator).await.cookie;
        let auditor = crate::staffing::official(&world, "auditor", Role::Auditor).await.cookie;
        let parties = &world.app.relying_parties;
        let test_key = crate::sandbox::key_of(&world, &administrator).await;
        let revoked = parties.add_key(BANK).await.unwrap();
        parties.revoke_key(revoked.key_id).await.unwrap();
        let token = world.present(&active, "age").await;
        let verification = world.bank().verify(&token, "age_check", "stage").await.text("verification_id");
        // Who acts for the head too may do all that this table asks of an office.
        let supervisor = world.supervisor("penyelia", support::world::OFFICE).await.cookie();
        let until = ikd::register::Date::in_jakarta(world.context.now()).plus_days(7);
        world.accounts().set_acting("penyelia", until.map(|day| (ikd::staff::Role::Head, day))).await.unwrap();
        Self {
            officer: world.desk().await.cookie(),
            supervisor,
            head: world.log_in(&world.add_person("kepala", support::world::OFFICE, Role::Head).await).await.cookie(),
            pin_key: support::world::pin_key(&sent.record).public_text(),
            revoked: revoked.expose(),
            test_key,
            fresh,
            waiting,
            sent,
            active,
            stranger,
            teller,
            administrator,
            national,
            auditor,
            verification,
            world,
        }
    }

    const fn applicant(&self, subject: Subject) -> &Applicant {
        match subject {
            Subject::Fresh => &self.fresh,
            Subject::Waiting => &self.waiting,
            Subject::Sent => &self.sent,
            Subject::Active => &self.active,
        }
    }

    /// Everything that a refused request must leave as it is.
    async fn snapshot(&self) -> Vec<String> {
        const REGISTRATIONS: &str =
            "SELECT state || ' ' || CAST(updated_at AS TEXT) FROM registration ORDER BY registration_id";
        const CODES: &str = "SELECT CAST(tries AS TEXT) || ' ' || CAST(generation AS TEXT) \
            FROM activation_code ORDER BY registration_id";
        const VISITS: &str = "SELECT CAST(last_spent AS TEXT) FROM counter_visit ORDER BY registration_id";
        const CREDENTIALS: &str = "SELECT state || ' ' || CAST(generation AS TEXT) || ' ' || CAST(last_spent AS TEXT) || ' ' \
            || CAST(pin_tries AS TEXT) || ' ' || CAST(challenge_spent AS TEXT) || ' ' || CAST(session AS TEXT) \
            FROM credential ORDER BY resident_id";
        const COUNTS: [&str; 20] = [
            "SELECT 'test keys ' || CAST(COUNT(*) AS TEXT) FROM sandbox_key WHERE revoked_at IS NULL",
            "SELECT 'tested ' || CAST(COUNT(*) AS TEXT) FROM sandbox_check",
            "SELECT 'shown ' || CAST(COUNT(*) AS TEXT) FROM sandbox_holder",
            "SELECT 'webhooks ' || CAST(COUNT(*) AS TEXT) FROM webhook",
            "SELECT 'keys ' || CAST(COUNT(*) AS TEXT) FROM relying_party_key WHERE revoked_at IS NULL",
            "SELECT 'disabled ' || CAST(COUNT(*) AS TEXT) FROM staff_account WHERE state = 'disabled'",
            "SELECT 'cases ' || CAST(COUNT(*) AS TEXT) FROM correction",
            "SELECT 'cards ' || CAST(COUNT(*) AS TEXT) FROM printed_card",
            "SELECT 'disputes ' || CAST(COUNT(*) AS TEXT) FROM dispute",
            "SELECT 'annulments ' || CAST(COUNT(*) AS TEXT) FROM annulment",
            "SELECT 'asked ' || CAST(COUNT(*) AS TEXT) FROM use_window WHERE kind = 'annulment'",
            "SELECT 'selfies ' || CAST(COUNT(*) AS TEXT) FROM registration_selfie",
            "SELECT 'mails ' || CAST(COUNT(*) AS TEXT) FROM mail_outbox",
            "SELECT 'holders ' || CAST(COUNT(*) AS TEXT) FROM holder_record",
            "SELECT 'staff ' || CAST(COUNT(*) AS TEXT) FROM staff_session",
            "SELECT 'checks ' || CAST(COUNT(*) AS TEXT) FROM verification",
            "SELECT 'refused ' || CAST(COUNT(*) AS TEXT) FROM verification_refusal",
            "SELECT 'codes ' || CAST(COUNT(*) AS TEXT) FROM presentation_code",
            "SELECT 'guesses ' || CAST(COUNT(*) AS TEXT) FROM use_window WHERE kind = 'code_guess'",
            "SELECT 'captchas ' || CAST(COUNT(*) AS TEXT) FROM captcha_spent",
        ];
        let mut tx = self.world.context.db.read().await.unwrap();
        let mut lines = Vec::new();
        for sql in [REGISTRATIONS, CODES, VISITS, CREDENTIALS].into_iter().chain(COUNTS) {
            lines.extend(ikd::fetch_all!(&mut tx, (String,), sql).unwrap().into_iter().map(|(line,)| line));
        }
        lines
    }
}

/// How a request says who it is from.
#[derive(Clone)]
enum As<'a> {
    Nobody,
    Device(&'a Resident),
    Cookie(String),
    Bearer(String),
    Header(&'static str, String),
}

/// One bad request and what must be answered.
struct Case<'a> {
    what: String,
    method: Method,
    path: String,
    caller: As<'a>,
    content_type: Option<&'static str>,
    key: Option<String>,
    body: Vec<u8>,
    expected: (u16, &'static str),
    field: Option<String>,
}

async fn judge(stage: &Stage, case: &Case<'_>) {
    let mut details = Vec::new();
    for language in ["id", "en"] {
        let request = stage.world.request(case.method.clone(), &case.path);
        let mut request = request.header("Accept-Language", language);
        match &case.caller {
            As::Nobody => {}
            As::Device(phone) => {
                request = request.header("DPoP", phone.proof(&case.method, &case.path, &case.body));
                if let Some(token) = phone.access_token() {
                    request = request.header("Authorization", format!("DPoP {token}"));
                }
            }
            As::Cookie(cookie) => request = request.header("Cookie", cookie),
            As::Bearer(key) => request = request.bearer(key),
            As::Header(name, value) => request = request.header(*name, value),
        }
        if let Some(kind) = case.content_type {
            request = request.header("Content-Type", kind);
        }
        if let Some(key) = &case.key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.body(case.body.clone()).send().await;
        let what = format!("{} {}: {}", case.method, case.path, case.what);
        problem(&what, &answer, case.expected.0, case.expected.1);
        assert_eq!(answer.headers["content-language"], language, "{what}");
        if let Some(field) = &case.field {
            let named: Vec<_> =
                answer.json["fields"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
            // An entry of a list is named with its place: `release[0]`.
            assert!(named.iter().any(|name| name.split('[').next() == Some(field)), "{what}: {named:?}");
        }
        let resident = case.path.starts_with("/v1/registrations")
            || ["/v1/me", "/v1/sessions", "/v1/captcha", "/v1/challenges"]
                .iter()
                .any(|start| case.path.starts_with(start));
        if resident && answer.status != 405 && answer.code() != "not_found" {
            assert!(answer.nonce.is_some(), "{what}: no DPoP-Nonce");
        }
        if answer.status == 401 && (resident || PARTIES.iter().any(|start| case.path.starts_with(start))) {
            assert!(answer.headers.contains_key("www-authenticate"), "{what}");
        }
        details.push(answer.json["detail"].as_str().unwrap().to_owned());
    }
    assert_ne!(details[0], details[1], "{} {}: one language only", case.path, case.what);
}

/// All members of a body with their paths, those of objects inside it too.
fn members(body: &Value, prefix: &str) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        out.push((path.clone(), value.clone()));
        out.extend(members(value, &format!("{path}.")));
    }
    out
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

fn without(body: &Value, path: &str) -> Value {
    let mut body = body.clone();
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = if parent.is_empty() { String::new() } else { pointer(parent) };
    body.pointer_mut(&parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    body
}

impl Endpoint {
    fn path_for(&self, stage: &Stage, subject: Subject) -> String {
        self.path
            .replace("{id}", &stage.applicant(subject).id)
            .replace("{verification_id}", &stage.verification)
            .replace("{month}", "2020-01")
            .replace("{place}", "0")
            .replace("{code}", support::world::OFFICE)
    }

    fn right_caller<'a>(&self, stage: &'a Stage, subject: Subject) -> As<'a> {
        match self.caller {
            Caller::Anybody => As::Nobody,
            Caller::Device | Caller::Resident => As::Device(&stage.applicant(subject).client),
            Caller::Officer => As::Cookie(stage.officer.clone()),
            Caller::Supervisor => As::Cookie(stage.supervisor.clone()),
            Caller::Head => As::Cookie(stage.head.clone()),
            Caller::Teller => As::Cookie(stage.teller.clone()),
            Caller::Administrator => As::Cookie(stage.administrator.clone()),
            Caller::National => As::Cookie(stage.national.clone()),
            Caller::Auditor => As::Cookie(stage.auditor.clone()),
            Caller::Party => As::Bearer(stage.world.api_key.clone()),
            Caller::Tester => As::Bearer(stage.test_key.clone()),
            Caller::Registrar => As::Nobody,
        }
    }

    fn case<'a>(&self, stage: &'a Stage, what: &str, expected: (u16, &'static str)) -> Case<'a> {
        let selfie = ["/selfie", "/photo", "/staff-photos/{id}"].iter().any(|end| self.path.ends_with(end))
            && self.method == "put";
        let kind = if selfie { Some("image/jpeg") } else { (!self.body.is_null()).then_some("application/json") };
        let body = if selfie {
            b"no picture".to_vec()
        } else if self.body.is_null() {
            Vec::new()
        } else {
            self.body.to_string().into_bytes()
        };
        Case {
            what: what.to_owned(),
            method: self.method.to_uppercase().parse().unwrap(),
            path: self.path_for(stage, self.subject),
            caller: self.right_caller(stage, self.subject),
            content_type: kind,
            key: self.path.ends_with("/verifications").then(|| String::from("table")),
            body,
            expected,
            field: None,
        }
    }

    fn caller_cases<'a>(&self, stage: &'a Stage, cases: &mut Vec<Case<'a>>) {
        let mut add = |what: &str, caller: As<'a>, expected| {
            cases.push(Case { caller, ..self.case(stage, what, expected) });
        };
        match self.caller {
            Caller::Anybody => {}
            Caller::Device | Caller::Resident => {
                add("no proof", As::Nobody, (401, "dpop_invalid"));
                add("a proof of another form", As::Header("DPoP", String::from("x.y.z")), (401, "dpop_invalid"));
                add("a cookie instead", As::Cookie(stage.officer.clone()), (401, "dpop_invalid"));
                if self.caller == Caller::Resident {
                    add("no session", As::Device(&stage.stranger), (401, "session_ended"));
                } else if self.path.contains("{id}") {
                    add("another's registration", As::Device(&stage.stranger), (404, "not_found"));
                }
            }
            Caller::Officer
            | Caller::Supervisor
            | Caller::Head
            | Caller::National
            | Caller::Auditor
            | Caller::Teller
            | Caller::Administrator => {
                let (own, other) = match self.caller {
                    Caller::Teller | Caller::Administrator => ("teller", &stage.officer),
                    Caller::National | Caller::Auditor => ("official", &stage.officer),
                    _ => ("officer", &stage.teller),
                };
                if self.caller == Caller::Auditor {
                    add("an administrator", As::Cookie(stage.national.clone()), (403, "forbidden"));
                }
                if self.caller == Caller::Administrator {
                    add("a teller", As::Cookie(stage.teller.clone()), (403, "forbidden"));
                }
                if matches!(self.caller, Caller::Supervisor | Caller::Head) {
                    add("an officer", As::Cookie(stage.officer.clone()), (403, "forbidden"));
                }
                add("no session", As::Nobody, (401, "session_ended"));
                add("a made-up session", As::Cookie(format!("__Host-ikd_{own}=AAAA")), (401, "session_ended"));
                add("another kind of session", As::Cookie(other.clone()), (401, "session_ended"));
                let renamed = format!("__Host-ikd_{own}={}", other.split_once('=').unwrap().1);
                add("a session under another name", As::Cookie(renamed), (401, "session_ended"));
                add("an API key instead", As::Bearer(stage.world.api_key.clone()), (401, "session_ended"));
            }
            Caller::Registrar => {
                add("no key", As::Nobody, (401, "api_key_invalid"));
                add("a made-up key", As::Bearer(String::from("ikd_feed_x")), (401, "api_key_invalid"));
                add("a party's key", As::Bearer(stage.world.api_key.clone()), (401, "api_key_invalid"));
                add("a cookie instead", As::Cookie(stage.supervisor.clone()), (401, "api_key_invalid"));
            }
            Caller::Party => {
                let key = &stage.world.api_key;
                add("no API key", As::Nobody, (401, "api_key_invalid"));
                add("a made-up API key", As::Bearer(String::from("ikd_rp_0_0")), (401, "api_key_invalid"));
                add(
                    "an API key with another end",
                    As::Bearer(format!("{}0", &key[..key.len() - 1])),
                    (401, "api_key_invalid"),
                );
                add("a revoked API key", As::Bearer(stage.revoked.clone()), (401, "api_key_invalid"));
                add("another scheme", As::Header("Authorization", format!("Basic {key}")), (401, "api_key_invalid"));
                add("a test key", As::Bearer(stage.test_key.clone()), (401, "api_key_invalid"));
                add("a cookie instead", As::Cookie(stage.officer.clone()), (401, "api_key_invalid"));
            }
            Caller::Tester => {
                let key = &stage.test_key;
                let other = format!("{}0", &key[..key.len() - 1]);
                add("no test key", As::Nobody, (401, "api_key_invalid"));
                add("a made-up test key", As::Bearer(String::from("ikd_rt_0_0")), (401, "api_key_invalid"));
                add("a test key with another end", As::Bearer(other), (401, "api_key_invalid"));
                add("a real key", As::Bearer(stage.world.api_key.clone()), (401, "api_key_invalid"));
                add("a revoked real key", As::Bearer(stage.revoked.clone()), (401, "api_key_invalid"));
                add("another scheme", As::Header("Authorization", format!("Basic {key}")), (401, "api_key_invalid"));
                add("a cookie instead", As::Cookie(stage.administrator.clone()), (401, "api_key_invalid"));
            }
        }
    }

    fn body_cases<'a>(&self, stage: &'a Stage, cases: &mut Vec<Case<'a>>) {
        if self.body.is_null() {
            return;
        }
        let good = self.body.to_string();
        let mut add = |what: &str, body: &[u8], expected, field: Option<&str>| {
            let case = self.case(stage, what, expected);
            cases.push(Case { body: body.to_vec(), field: field.map(str::to_owned), ..case });
        };
        for (what, body) in [
            ("nothing", &b""[..]),
            ("a broken object", b"{"),
            ("no UTF-8", b"{\"\xff\": 1}"),
            ("text", b"hello"),
            ("too deep", "[".repeat(1_000).as_bytes()),
            ("two objects", format!("{good}{good}").as_bytes()),
            ("something after the end", format!("{good} x").as_bytes()),
        ] {
            // An array is broken syntax here too: it never ends.
            let expected = if what == "too deep" { (422, "invalid_field") } else { (400, "malformed_json") };
            add(what, body, expected, None);
        }
        for (what, body) in [("a number", "7"), ("null", "null"), ("a text", "\"x\""), ("an array", "[]")] {
            add(what, body.as_bytes(), (422, "invalid_field"), Some("body"));
        }
        let values: Vec<_> = self.body.as_object().unwrap().values().collect();
        add(
            "the members without their names",
            json!(values).to_string().as_bytes(),
            (422, "invalid_field"),
            Some("body"),
        );
        let padded = format!("{good}{}", " ".repeat(64 * 1_024));
        add("more than 64 KiB", padded.as_bytes(), (413, "too_large"), None);
        for (path, value) in members(&self.body, "") {
            let required = !self.optional.contains(&path.as_str());
            if required {
                add(
                    &format!("without {path}"),
                    without(&self.body, &path).to_string().as_bytes(),
                    (422, "invalid_field"),
                    Some(&path),
                );
            }
            let other = match &value {
                Value::String(_) | Value::Object(_) => json!(7),
                Value::Bool(_) | Value::Number(_) | Value::Array(_) => json!("x"),
                Value::Null => continue,
            };
            for wrong in [other, json!({"x": 1}), json!([[1]])] {
                let mut body = self.body.clone();
                *body.pointer_mut(&pointer(&path)).unwrap() = wrong;
                // An object of another form names the member inside it.
                let field = (!value.is_object()).then_some(path.as_str());
                add(&format!("another type of {path}"), body.to_string().as_bytes(), (422, "invalid_field"), field);
            }
            if required {
                let mut body = self.body.clone();
                *body.pointer_mut(&pointer(&path)).unwrap() = Value::Null;
                add(&format!("null for {path}"), body.to_string().as_bytes(), (422, "invalid_field"), Some(&path));
            }
            if !path.contains('.') {
                let twice = good.replacen('{', &format!("{{\"{path}\":{value},"), 1);
                add(&format!("{path} twice"), twice.as_bytes(), (422, "invalid_field"), Some(&path));
            }
        }
        let mut more = self.body.clone();
        more["tidak_dikenal"] = json!(1);
        add("an unknown member", more.to_string().as_bytes(), (422, "invalid_field"), Some("tidak_dikenal"));
        for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx")] {
            let case = self.case(stage, &format!("content type {kind:?}"), (415, "unsupported_media_type"));
            cases.push(Case { content_type: kind, ..case });
        }
    }

    fn path_cases<'a>(&self, stage: &'a Stage, cases: &mut Vec<Case<'a>>) {
        let Some((start, rest)) = self.path.split_once('{') else { return };
        let rest = rest.split_once('}').unwrap().1;
        let unknown = Uuid::from_u128(77).to_string();
        for id in [unknown.as_str(), "x", "00000000-0000-0000-0000-00000000000g", "%27%20OR%201=1", "..%2f..%2f"] {
            let case = self.case(stage, "unknown id", (404, "not_found"));
            cases.push(Case { path: format!("{start}{id}{rest}"), ..case });
        }
    }

    fn query_cases<'a>(&self, stage: &'a Stage, cases: &mut Vec<Case<'a>>) {
        let paged = [
            "/v1/me/verifications",
            "/v1/officer/registrations",
            "/v1/teller/verifications",
            "/v1/partner/employees",
            "/v1/annulled-verifications",
            "/v1/me/disputes",
            "/v1/disputes",
        ];
        if !paged.contains(&self.path) || self.method != "get" {
            return;
        }
        if self.path != "/v1/officer/registrations" {
            for limit in ["0", "-1", "101", "1.5", "99999999999999999999"] {
                let case = self.case(stage, "limit", (400, "malformed_request"));
                cases.push(Case { path: format!("{}?limit={limit}", case.path), ..case });
            }
        }
        for query in ["limit=x", "unknown=1", "cursor=%21", "cursor=AAAA", "limit=1&limit=2"] {
            let case = self.case(stage, query, (400, "malformed_request"));
            cases.push(Case { path: format!("{}?{query}", case.path), ..case });
        }
    }

    fn key_cases<'a>(&self, stage: &'a Stage, cases: &mut Vec<Case<'a>>) {
        if self.method != "post" || !self.path.ends_with("/verifications") {
            return;
        }
        for key in [None, Some(String::new()), Some("x".repeat(65)), Some(String::from("a b"))] {
            let case = self.case(stage, "idempotency key", (400, "idempotency_key_missing"));
            cases.push(Case { key, ..case });
        }
        let mut body = self.body.clone();
        body["purpose"] = json!("unregistered");
        let case = self.case(stage, "unregistered purpose", (403, "purpose_not_allowed"));
        cases.push(Case { body: body.to_string().into_bytes(), ..case });
        body["purpose"] = json!("open_account");
        body["attributes"] = json!(["shoe_size"]);
        let case = self.case(stage, "unknown attribute", (422, "invalid_field"));
        cases.push(Case { body: body.to_string().into_bytes(), field: Some(String::from("attributes")), ..case });
    }
}

/// All of it.
fn whole(stage: &Stage) -> Vec<Endpoint> {
    let mut table = endpoints(stage);
    table.extend(life(stage));
    table.extend(put_right(stage));
    table.extend(later::corrections(stage));
    table.extend(later::by_two(stage));
    table.extend(outreach::outreach(stage));
    table.extend(later::looking(stage));
    table.extend(later::of_partners());
    table.extend(later::of_testers());
    table.extend(staffing::staffing());
    table.extend(passkeys());
    table.extend(own_secrets());
    table.extend(administration::by_two());
    table.extend(staffing::own_account());
    table.extend(later::figures());
    table.extend(later::auditing());
    table
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint_refuses_every_bad_input_and_nothing_changes() {
    each_engine(async |context| {
        let stage = Stage::set_up(context).await;
        let mut table = whole(&stage);
        // Last, because an address has thirty wrong API keys and then one more in ten seconds: time has to pass before each.
        let with_keys = |one: &Endpoint| matches!(one.caller, Caller::Party | Caller::Tester);
        table.sort_by_key(with_keys);
        let mut described = BTreeSet::new();
        let api = serde_json::to_value(stage.world.app.openapi()).unwrap();
        for (path, methods) in api["paths"].as_object().unwrap() {
            described.extend(methods.as_object().unwrap().keys().map(|method| (path.clone(), method.clone())));
        }
        let listed: BTreeSet<_> = table.iter().map(|one| (one.path.to_owned(), one.method.to_owned())).collect();
        assert_eq!(listed, described, "the table and the API description name the same endpoints");

        let before = stage.snapshot().await;
        let mut asked = 0;
        for one in &table {
            if with_keys(one) {
                stage.world.later(101);
            }
            let mut cases = Vec::new();
            one.caller_cases(&stage, &mut cases);
            one.body_cases(&stage, &mut cases);
            one.path_cases(&stage, &mut cases);
            one.query_cases(&stage, &mut cases);
            one.key_cases(&stage, &mut cases);
            if let Some((subject, status, code)) = one.wrong_state {
                let case = one.case(&stage, "wrong state", (status, code));
                cases.push(Case {
                    path: one.path_for(&stage, subject),
                    caller: one.right_caller(&stage, subject),
                    ..case
                });
            }
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                if !described.contains(&(one.path.to_owned(), method.as_str().to_lowercase())) {
                    cases.push(Case { method, ..one.case(&stage, "wrong method", (405, "method_not_allowed")) });
                }
            }
            for case in &cases {
                judge(&stage, case).await;
            }
            asked += cases.len();
            assert_eq!(stage.snapshot().await, before, "{} {} changed something", one.method, one.path);
        }
        assert!(asked > 700, "{asked}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_selfie_of_the_wrong_kind_or_size_and_a_fault_tell_no_more_than_they_must() {
    each_engine(async |context| {
        let stage = Stage::set_up(context).await;
        for (kind, bytes, status) in [
            ("image/gif", 10, 415),
            ("application/json", 10, 415),
            ("image/jpeg", 10, 422),
            ("image/png", 6_000_000, 413),
        ] {
            let answer = stage.world.selfie(&stage.waiting, kind, &vec![0; bytes]).await;
            assert_eq!(answer.status, status, "{kind} {bytes}");
            secure(kind, &answer);
        }
        // A fault of ours: the record that the register gave cannot be opened. The caller learns nothing of it.
        let resident = stage.world.resident_id(&stage.active.record).await;
        stage
            .world
            .change(
                "UPDATE holder_record SET sealed = (SELECT nik_index FROM register_record LIMIT 1) WHERE resident_id = $1",
                resident,
            )
            .await;
        let answer = stage.active.client.get("/v1/me").await;
        problem("fault", &answer, 500, "internal");
        let text = String::from_utf8_lossy(&answer.bytes).to_lowercase();
        for word in ["sealed", "holder_record", "vault", "sql", "src/"] {
            assert!(!text.contains(word), "{text}");
        }
    })
    .await;
}
