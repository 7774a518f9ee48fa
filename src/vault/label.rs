//! What keys are derived for.

/// The use of a derived key. Each use has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Label {
    /// Sealing of QR tokens.
    TokenSeal,
    /// Sealing of table columns.
    Column,
    /// Blind index of NIKs.
    NikIndex,
    /// Blind index of e-mail addresses.
    EmailIndex,
    /// Activation codes.
    ActivationCode,
    /// DPoP nonces.
    DpopNonce,
    /// Challenges for PIN keys.
    Challenge,
    /// Access tokens of residents.
    AccessToken,
    /// Captcha challenges.
    Captcha,
    /// Subjects of failed log-ins (user name and address).
    LoginSubject,
    /// Audit chain.
    Audit,
    /// Page cursors.
    Cursor,
    /// Codes that stand for presentations.
    PresentationCode,
    /// Codes that block a digital KTP, with its NIK.
    BlockCode,
    /// Links that block a digital KTP.
    BlockLink,
    /// Links of invitations.
    InvitationLink,
}

impl Label {
    pub(super) const ALL: [Self; 16] = [
        Self::TokenSeal,
        Self::Column,
        Self::NikIndex,
        Self::EmailIndex,
        Self::ActivationCode,
        Self::DpopNonce,
        Self::Challenge,
        Self::AccessToken,
        Self::Captcha,
        Self::LoginSubject,
        Self::Audit,
        Self::Cursor,
        Self::PresentationCode,
        Self::BlockCode,
        Self::BlockLink,
        Self::InvitationLink,
    ];

    pub(super) const fn info(self) -> &'static [u8] {
        match self {
            Self::TokenSeal => b"ikd/token-seal/v1",
            Self::Column => b"ikd/column/v1",
            Self::NikIndex => b"ikd/index/nik/v1",
            Self::EmailIndex => b"ikd/index/email/v1",
            Self::ActivationCode => b"ikd/activation-code/v1",
            Self::DpopNonce => b"ikd/dpop-nonce/v1",
            Self::Challenge => b"ikd/challenge/v1",
            Self::AccessToken => b"ikd/access-token/v1",
            Self::Captcha => b"ikd/captcha/v1",
            Self::LoginSubject => b"ikd/login-subject/v1",
            Self::Audit => b"ikd/audit/v1",
            Self::Cursor => b"ikd/cursor/v1",
            Self::PresentationCode => b"ikd/presentation-code/v1",
            Self::BlockCode => b"ikd/block-code/v1",
            Self::BlockLink => b"ikd/block-link/v1",
            Self::InvitationLink => b"ikd/invitation-link/v1",
        }
    }
}
