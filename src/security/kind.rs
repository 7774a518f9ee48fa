//! What is told, and what a refusal is told as. Pure.

use crate::error::Code;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal, $weight:ident;)*) => {
        /// A kind of security event. The words stand in logs, in alerts and in rules of those who collect logs: they never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All kinds, in the order of docs/security-events.md.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$kind),*];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }

            /// How much it says.
            pub const fn weight(self) -> Weight {
                match self { $(Self::$kind => Weight::$weight,)* }
            }
        }
    };
}

/// How much an event says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It happens to honest people too: level `info`.
    Usual,
    /// Honest people and programs do not do this: level `warn`.
    Unusual,
}

kinds! {
    /// A holder unlocked the digital KTP with the PIN.
    Unlocked = "unlocked", Usual;
    /// A wrong PIN.
    PinWrong = "pin_wrong", Usual;
    /// The last try was used up, or a PIN that has none left is tried.
    PinBlocked = "pin_blocked", Unusual;
    /// A signature of a PIN key, or the challenge under it, does not hold.
    PinKeyRefused = "pin_key_refused", Usual;
    /// A wrong activation code, or a wrong code from a mail.
    CodeWrong = "code_wrong", Usual;
    /// NIK and block code, or a block link, that block nothing.
    BlockRefused = "block_refused", Usual;
    /// An API key was used: from where, and how often.
    ApiKeyUsed = "api_key_used", Usual;
    /// No API key, or one that does not exist or has ended.
    ApiKeyWrong = "api_key_wrong", Unusual;
    /// A device proof that does not hold: another key's, another request's, another body's.
    ProofInvalid = "proof_invalid", Unusual;
    /// A device proof that was sent before.
    ProofReplayed = "proof_replayed", Unusual;
    /// A known device or relying party asked for what is not its own, or not there.
    NotTheirs = "not_theirs", Usual;
    /// A stranger asked for what is not there.
    NotThere = "not_there", Usual;
    /// A relying party whose contract is not in force asked.
    ContractEnded = "contract_ended", Usual;
    /// A relying party asked for a purpose that it has not registered.
    PurposeRefused = "purpose_refused", Usual;
    /// A page of another origin sent a request with a cookie.
    ForeignPage = "foreign_page", Unusual;
    /// More requests a second than one client has.
    Flood = "flood", Unusual;
    /// Another limit of a client, holder or party.
    Limit = "limit", Usual;
    /// A relying party's quota is used up.
    Quota = "quota", Unusual;
    /// A captcha that was not solved, or was solved before.
    CaptchaFailed = "captcha_failed", Usual;
    /// There was no place for a connection.
    NoPlace = "no_place", Unusual;
    /// More TLS handshakes a second than one client has.
    Handshakes = "handshakes", Unusual;
    /// A TLS handshake that failed.
    HandshakeFailed = "handshake_failed", Usual;
    /// Not exactly one name of a host.
    BadHost = "bad_host", Unusual;
    /// What is no HTTP, or has a head that is too long.
    BadFraming = "bad_framing", Unusual;
    /// A request that no program of ours sends: broken, too large, of a wrong type or method.
    Malformed = "malformed", Usual;
    /// A QR that nobody issued, or that was altered.
    ForgedQr = "forged_qr", Usual;
}

impl Kind {
    /// What a refusal is told as. `known`: a device or a relying party has shown who it is. `None` where the refusal is no event of its own, or
    /// stands in the audit log already: log-ins that fail, and what people of the staff are refused.
    pub const fn of(code: Code, known: bool) -> Option<Self> {
        Some(match code {
            Code::PinWrong => Self::PinWrong,
            Code::PinBlocked => Self::PinBlocked,
            Code::SignatureInvalid | Code::ChallengeInvalid => Self::PinKeyRefused,
            Code::CodeWrong => Self::CodeWrong,
            Code::BlockRefused => Self::BlockRefused,
            Code::ApiKeyInvalid => Self::ApiKeyWrong,
            Code::DpopInvalid => Self::ProofInvalid,
            Code::NotFound | Code::Forbidden if known => Self::NotTheirs,
            Code::NotFound => Self::NotThere,
            Code::ContractNotInForce => Self::ContractEnded,
            Code::PurposeNotAllowed => Self::PurposeRefused,
            Code::TooMany | Code::PinWait => Self::Limit,
            Code::QuotaReached => Self::Quota,
            Code::CaptchaInvalid => Self::CaptchaFailed,
            Code::MalformedRequest
            | Code::MalformedJson
            | Code::MethodNotAllowed
            | Code::UnsupportedMediaType
            | Code::TooLarge => Self::Malformed,
            _ => return None,
        })
    }

    /// Its place in [`Kind::ALL`].
    pub(super) const fn place(self) -> usize {
        self as usize
    }

    /// Whether lines say who it was. Of each phone that is unlocked it would be a diary of its holder, who does nothing wrong.
    pub(super) const fn says_who(self) -> bool {
        !matches!(self, Self::Unlocked)
    }

    /// How many clients are told apart at once. What everybody does, honest people most of all, has more places.
    pub(super) const fn places(self) -> usize {
        match self {
            Self::Unlocked | Self::ApiKeyUsed => 2_048,
            _ => 256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_word_and_place() {
        let words: std::collections::HashSet<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
        for (place, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(kind.place(), place);
        }
    }

    #[test]
    fn what_is_refused_to_somebody_known_is_another_event_than_a_stranger_s_guess() {
        assert_eq!(Kind::of(Code::NotFound, true), Some(Kind::NotTheirs));
        assert_eq!(Kind::of(Code::NotFound, false), Some(Kind::NotThere));
        assert_eq!(Kind::of(Code::Forbidden, false), None, "people of the staff stand in the audit log");
        assert_eq!(Kind::of(Code::LoginFailed, false), None, "so do their log-ins");
        assert_eq!(Kind::of(Code::UseDpopNonce, true), None, "the first call of every device");
    }
}
