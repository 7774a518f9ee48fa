//! Officers' log-ins, sessions and passwords.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{Code, Language};
use crate::register::Date;
use crate::staff::http::session_routes;
use crate::staff::{Permission, Role, StaffSession, Workplace};

session_routes!("/v1/officer", "Counter", "officer", OfficerSessionReply);

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
struct OfficerSessionReply {
    /// The officer.
    officer_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// What the officer is there.
    role: Role,
    /// As whom the officer acts besides; null when they do not.
    acting_role: Option<Role>,
    /// The last day of that.
    #[schema(value_type = Option<String>, format = Date)]
    acting_last_day: Option<Date>,
    /// What the officer may do, by either role.
    permissions: Vec<Permission>,
    /// The last day of the officer's time at the office; null where it has no end.
    #[schema(value_type = Option<String>, format = Date)]
    last_day: Option<Date>,
    /// Name of the office.
    office: String,
    /// Its short code.
    office_code: String,
    /// When the session ends in any case.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When this person logged in before; null at the first time.
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_log_in: Option<Timestamp>,
    /// Log-ins that failed between then and this one.
    failed_log_ins: i64,
    /// Whether a passkey has to be added first: until then nothing but the own account can be used.
    needs_passkey: bool,
    /// Whether secrets of one's own have to be chosen first: until then nothing else can be used.
    needs_secrets: bool,
    /// Since when this person's rights rest, because an activation that they approved was annulled; null otherwise.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_since: Option<Timestamp>,
}

/// The day that ends at this midnight in Jakarta.
fn last_day(end: Timestamp) -> Date {
    Date::in_jakarta(end.plus_seconds(-1))
}

impl SessionReply for OfficerSessionReply {
    fn of(session: StaffSession, _: Language) -> Result<Self, Problem> {
        let roles = session.roles();
        let (acting_role, acting_until) = session.acting.unzip();
        let Workplace::Office(office) = session.workplace else { return Err(Code::SessionEnded.into()) };
        Ok(Self {
            officer_id: session.person.staff_id,
            username: session.person.username,
            full_name: session.person.full_name,
            role: session.person.role,
            acting_role,
            acting_last_day: acting_until.map(last_day),
            permissions: roles.permissions(),
            last_day: session.ends_at.map(last_day),
            office: office.name,
            office_code: office.code,
            expires_at: session.expires_at,
            previous_log_in: session.previous_log_in,
            failed_log_ins: session.failed_log_ins,
            needs_passkey: session.needs_passkey,
            needs_secrets: session.initial.is_any(),
            paused_since: session.paused_since,
        })
    }
}
