//! What a token is, and what a key may sign.

/// What a signing key is for. A key serves one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyPurpose {
    /// QR tokens that live 90 seconds.
    Token,
    /// Receipts of verifications.
    Receipt,
    /// Printed cards.
    Card,
    /// Status lists.
    Status,
    /// Checkpoints of the log that outsiders check.
    Log,
}

impl KeyPurpose {
    /// All purposes.
    pub const ALL: [Self; 5] = [Self::Token, Self::Receipt, Self::Card, Self::Status, Self::Log];

    /// The name in the key set (`ikd_purpose`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Receipt => "receipt",
            Self::Card => "card",
            Self::Status => "status",
            Self::Log => "log",
        }
    }

    /// Reads a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }
}

impl TryFrom<String> for KeyPurpose {
    type Error = UnknownName;

    fn try_from(name: String) -> Result<Self, UnknownName> {
        Self::from_name(&name).ok_or(UnknownName)
    }
}

/// A text names no purpose or algorithm of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a name that is known here")]
pub struct UnknownName;

/// What a token is. It stands in the signed header (`typ`, RFC 9596), so no kind can be passed off as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Resident's app → officer.
    Activation,
    /// Officer's screen → resident's app.
    Counter,
    /// Resident's app → relying party.
    Presentation,
    /// Resident's app → relying party without network.
    Offline,
    /// Printed card.
    Card,
    /// Receipt of a verification.
    Receipt,
}

impl TokenKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Activation, Self::Counter, Self::Presentation, Self::Offline, Self::Card, Self::Receipt];

    /// The media type in the header.
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Activation => "application/ikd-activation+cwt",
            Self::Counter => "application/ikd-counter+cwt",
            Self::Presentation => "application/ikd-presentation+cwt",
            Self::Offline => "application/ikd-offline+cwt",
            Self::Card => "application/ikd-card+cwt",
            Self::Receipt => "application/ikd-receipt+cwt",
        }
    }

    /// The kind that a media type names.
    pub fn from_typ(typ: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.typ() == typ)
    }

    /// The purpose that a key must have to sign this kind.
    pub const fn purpose(self) -> KeyPurpose {
        match self {
            Self::Activation | Self::Counter | Self::Presentation | Self::Offline => KeyPurpose::Token,
            Self::Card => KeyPurpose::Card,
            Self::Receipt => KeyPurpose::Receipt,
        }
    }
}
