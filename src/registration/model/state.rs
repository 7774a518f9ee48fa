//! Where a registration stands, and what its resident does next.

use serde::{Deserialize, Serialize};

/// Where a registration stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// The selfie is missing.
    NeedsSelfie,
    /// Ready to be shown to an officer.
    AwaitingOfficer,
    /// The officer returned it: data must be corrected.
    NeedsCorrection,
    /// Approved while the register was down; completes by itself.
    ApprovedPendingRegister,
    /// The activation code is on its way or has arrived.
    CodeSent,
    /// The code was right; the PIN is missing.
    NeedsPin,
    /// The digital KTP is on the phone.
    Active,
    /// Refused by the officer.
    Rejected,
    /// Not finished in time.
    Expired,
    /// Ended by the resident.
    Cancelled,
}

/// What the resident does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Take a selfie.
    TakeSelfie,
    /// Show the activation QR at a counter.
    VisitCounter,
    /// Correct what the officer named.
    CorrectData,
    /// Nothing: the service goes on by itself.
    Wait,
    /// Enter the code from the e-mail.
    EnterCode,
    /// Set the PIN.
    SetPin,
    /// Unlock and show the digital KTP.
    Unlock,
    /// Register again.
    RegisterAgain,
}

crate::text_column!(State, RequestKind, CallBackFinding);

/// What a resident said who was called back after an approval.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, strum::EnumString, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CallBackFinding {
    /// That it was them.
    Confirmed,
    /// Nothing: they were not reached. They can be called again.
    Unreached,
    /// That it was not them.
    Denied,
}

/// To what a second person of an office is asked to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RequestKind {
    /// That a digital KTP makes way for this registration.
    Release,
    /// To the approval of somebody who has no e-mail address.
    Approval,
    /// To the approval of somebody whose face cannot be compared, for a medical reason.
    Waiver,
}

impl State {
    /// What the resident does next.
    pub const fn next(self) -> Next {
        match self {
            Self::NeedsSelfie => Next::TakeSelfie,
            Self::AwaitingOfficer => Next::VisitCounter,
            Self::NeedsCorrection => Next::CorrectData,
            Self::ApprovedPendingRegister => Next::Wait,
            Self::CodeSent => Next::EnterCode,
            Self::NeedsPin => Next::SetPin,
            Self::Active => Next::Unlock,
            Self::Rejected | Self::Expired | Self::Cancelled => Next::RegisterAgain,
        }
    }

    /// Whether nothing can happen to it any more.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Active | Self::Rejected | Self::Expired | Self::Cancelled)
    }

    /// Whether the resident's own data may still be replaced by a new registration of the same device.
    pub const fn is_before_approval(self) -> bool {
        matches!(self, Self::NeedsSelfie | Self::AwaitingOfficer | Self::NeedsCorrection)
    }
}
