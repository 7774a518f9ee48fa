//! Employees' log-ins, sessions and passwords.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::PurposeReply;
use crate::clock::Timestamp;
use crate::error::{Code, Language};
use crate::staff::http::session_routes;
use crate::staff::{Permission, StaffSession, Workplace};

session_routes!("/v1/teller", "Teller", "teller", EmployeeSessionReply);

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TellerSessionReply)]
struct EmployeeSessionReply {
    /// The employee.
    employee_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// The organisation as which checks are made.
    relying_party: String,
    /// What it may check for.
    purposes: Vec<PurposeReply>,
    /// What this person may do: `verify`, or `administer_party` under `/v1/partner`.
    permissions: Vec<Permission>,
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
}

impl SessionReply for EmployeeSessionReply {
    fn of(session: StaffSession, language: Language) -> Result<Self, Problem> {
        let Workplace::RelyingParty(party) = session.workplace else { return Err(Code::SessionEnded.into()) };
        Ok(Self {
            employee_id: session.person.staff_id,
            username: session.person.username,
            full_name: session.person.full_name,
            permissions: session.person.role.permissions().collect(),
            relying_party: party.name.clone(),
            purposes: party.purposes.iter().map(|purpose| PurposeReply::new(purpose.clone(), language)).collect(),
            expires_at: session.expires_at,
            previous_log_in: session.previous_log_in,
            failed_log_ins: session.failed_log_ins,
            needs_passkey: session.needs_passkey,
            needs_secrets: session.initial.is_any(),
        })
    }
}
