//! Log-ins, sessions and passwords of the national administration's people.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{Code, Language};
use crate::figure::http::FigureRegion;
use crate::staff::http::session_routes;
use crate::staff::{Permission, Role, StaffSession, Workplace};

session_routes!("/v1/admin", "Admin", "official", OfficialSessionReply);

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
struct OfficialSessionReply {
    /// The person.
    official_id: Uuid,
    /// Log-in name.
    username: String,
    /// Full name.
    full_name: String,
    /// What they are.
    role: Role,
    /// Of which province, where they are of one; else null.
    region: Option<FigureRegion>,
    /// What they may do.
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

impl SessionReply for OfficialSessionReply {
    fn of(session: StaffSession, _: Language) -> Result<Self, Problem> {
        let Workplace::National = session.workplace else { return Err(Code::SessionEnded.into()) };
        let roles = session.roles();
        Ok(Self {
            official_id: session.person.staff_id,
            username: session.person.username,
            full_name: session.person.full_name,
            role: session.person.role,
            region: session.person.region.map(FigureRegion::from),
            permissions: roles.permissions(),
            expires_at: session.expires_at,
            previous_log_in: session.previous_log_in,
            failed_log_ins: session.failed_log_ins,
            needs_passkey: session.needs_passkey,
            needs_secrets: session.initial.is_any(),
        })
    }
}
