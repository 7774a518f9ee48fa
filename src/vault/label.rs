//! What keys are derived for.

macro_rules! labels {
    ($($(#[$doc:meta])* $label:ident = $info:literal;)*) => {
        /// The use of a derived key. Each use has a key of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Label {
            $($(#[$doc])* $label,)*
        }

        impl Label {
            pub(super) const ALL: [Self; [$($info as &[u8]),*].len()] = [$(Self::$label),*];

            pub(super) const fn info(self) -> &'static [u8] {
                match self { $(Self::$label => $info,)* }
            }
        }
    };
}

labels! {
    /// Sealing of QR tokens.
    TokenSeal = b"ikd/token-seal/v1";
    /// Sealing of table columns.
    Column = b"ikd/column/v1";
    /// Blind index of NIKs.
    NikIndex = b"ikd/index/nik/v1";
    /// Blind index of e-mail addresses.
    EmailIndex = b"ikd/index/email/v1";
    /// Activation codes.
    ActivationCode = b"ikd/activation-code/v1";
    /// DPoP nonces.
    DpopNonce = b"ikd/dpop-nonce/v1";
    /// Challenges for PIN keys.
    Challenge = b"ikd/challenge/v1";
    /// Access tokens of residents.
    AccessToken = b"ikd/access-token/v1";
    /// Access tokens of systems: of relying parties and of the register's side.
    ClientToken = b"ikd/client-token/v1";
    /// Captcha challenges.
    Captcha = b"ikd/captcha/v1";
    /// Subjects of failed log-ins (user name and address).
    LoginSubject = b"ikd/login-subject/v1";
    /// Networks from which something is counted.
    Network = b"ikd/network/v1";
    /// Audit chain.
    Audit = b"ikd/audit/v1";
    /// Page cursors.
    Cursor = b"ikd/cursor/v1";
    /// Codes that stand for presentations.
    PresentationCode = b"ikd/presentation-code/v1";
    /// Codes that block a digital KTP, with its NIK.
    BlockCode = b"ikd/block-code/v1";
    /// Links that block a digital KTP.
    BlockLink = b"ikd/block-link/v1";
    /// Words by which an office finds its registrations.
    LookupWord = b"ikd/index/lookup/v1";
    /// Links of invitations.
    InvitationLink = b"ikd/invitation-link/v1";
    /// Authenticator secrets that people take over in the place of those that an operator saw.
    OwnAuthenticator = b"ikd/own-authenticator/v1";
    /// Codes of the day that say who is on duty.
    DutyCode = b"ikd/duty-code/v1";
    /// QRs of the moment that say the same.
    DutyQr = b"ikd/duty-qr/v1";
    /// Lines of the stop log.
    StopLog = b"ikd/stop-log/v1";
    /// What keeps a row from being guessed by its leaf in the log.
    LogSalt = b"ikd/log-salt/v1";
    /// What of a check's row its receipt binds without saying it.
    CheckRecord = b"ikd/check-record/v1";
    /// Seeds of the sandbox's signing keys, which sign nothing of anybody.
    SandboxKey = b"ikd/sandbox-key/v1";
    /// Sealing of the sandbox's tokens.
    SandboxSeal = b"ikd/sandbox-seal/v1";
    /// Codes that stand for presentations of invented people.
    SandboxCode = b"ikd/sandbox-code/v1";
    /// What stands for clients, devices and relying parties in security events.
    SecurityEvent = b"ikd/security-event/v1";
}

impl Label {
    /// Whether what is made with these keys is of use for a while only, and void once a copy of the database was restored: what was spent
    /// or withdrawn after the copy was made would count again. What rows are found or read by stays.
    pub const fn is_of_an_epoch(self) -> bool {
        matches!(
            self,
            Self::TokenSeal
                | Self::ActivationCode
                | Self::DpopNonce
                | Self::Challenge
                | Self::AccessToken
                | Self::ClientToken
                | Self::Captcha
                | Self::PresentationCode
                | Self::BlockLink
                | Self::InvitationLink
                | Self::DutyQr
        )
    }

    /// Whether its key outlives its root: rows are found by what it made, or chains are judged by it, for years. Keys that open something never
    /// do.
    pub const fn is_retained(self) -> bool {
        matches!(
            self,
            Self::NikIndex
                | Self::EmailIndex
                | Self::LookupWord
                | Self::ActivationCode
                | Self::LoginSubject
                | Self::Network
                | Self::Audit
                | Self::Cursor
                | Self::PresentationCode
                | Self::BlockCode
                | Self::DutyCode
                | Self::StopLog
                | Self::LogSalt
                | Self::SandboxCode
                | Self::CheckRecord
        )
    }
}
