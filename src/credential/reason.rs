//! Why a token is refused. What only the service finds out is added to what every verifier can see
//! ([`ikd_token::VerifyError`]).

use ikd_token::VerifyError;

use crate::error::Text;

/// Why a token, or a code that stands for one, is refused, in the order of the checks: the first failing check gives
/// the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A typed code that stands for nothing: mistyped, voided by a newer one, or forgotten after its presentation expired.
    UnknownCode,
    /// Not a token of ours at all, or damaged.
    Malformed,
    /// Signed with a key that is not published, is retired, or is for another purpose; or of another issuer.
    UnknownKey,
    /// The signature is wrong.
    BadSignature,
    /// Genuine, but not of a kind that belongs here.
    WrongType,
    /// Issued in the future.
    NotYetValid,
    /// Its 90 seconds are over.
    Expired,
    /// The holder's credential is blocked, deactivated, or was changed since.
    HolderNotActive,
    /// This token, or a newer one of the same holder, was used already.
    AlreadyUsed,
}

impl Reason {
    /// All reasons, in the order of the checks.
    pub const ALL: [Self; 9] = [
        Self::UnknownCode,
        Self::Malformed,
        Self::UnknownKey,
        Self::BadSignature,
        Self::WrongType,
        Self::NotYetValid,
        Self::Expired,
        Self::HolderNotActive,
        Self::AlreadyUsed,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownCode => "unknown_code",
            Self::Malformed => VerifyError::Malformed.as_str(),
            Self::UnknownKey => VerifyError::UnknownKey.as_str(),
            Self::BadSignature => VerifyError::BadSignature.as_str(),
            Self::WrongType => VerifyError::WrongType.as_str(),
            Self::NotYetValid => VerifyError::NotYetValid.as_str(),
            Self::Expired => VerifyError::Expired.as_str(),
            Self::HolderNotActive => "holder_not_active",
            Self::AlreadyUsed => "already_used",
        }
    }

    /// Reads a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// A sentence for the person who scanned: what it means and what to do.
    pub const fn message(self) -> Text {
        match self {
            Self::UnknownCode => Text::new(
                "Kode ini tidak dikenal: salah ketik, atau sudah lewat 90 detik. Cocokkan dengan layar pemegang, atau minta kode baru.",
                "This code is not known: mistyped, or older than 90 seconds. Compare it with the holder's screen, or ask for a new one.",
            ),
            Self::Malformed => Text::new(
                "Ini bukan QR KTP Digital, atau QR rusak. Minta pemegang membuka aplikasi KTP Digital dan menampilkan QR baru.",
                "This is no digital KTP QR, or it is damaged. Ask the holder to open the KTP Digital app and show a new QR.",
            ),
            Self::UnknownKey => Text::new(
                "QR ini tidak diterbitkan oleh layanan KTP Digital. Jangan terima; minta QR baru dari aplikasi resmi.",
                "This QR was not issued by the digital KTP service. Do not accept it; ask for a new QR from the official app.",
            ),
            Self::BadSignature => Text::new(
                "Tanda tangan QR tidak cocok: isinya diubah atau dipalsukan. Jangan terima.",
                "The QR's signature does not fit: it was altered or forged. Do not accept it.",
            ),
            Self::WrongType => Text::new(
                "QR ini dibuat untuk keperluan lain. Minta pemegang memilih \"Tunjukkan KTP\" di aplikasi.",
                "This QR was made for something else. Ask the holder to choose \"Show KTP\" in the app.",
            ),
            Self::NotYetValid => Text::new(
                "QR ini belum berlaku. Tunggu beberapa detik, lalu minta QR baru.",
                "This QR is not valid yet. Wait a few seconds, then ask for a new QR.",
            ),
            Self::Expired => Text::new(
                "QR ini sudah lewat 90 detik. Minta pemegang menampilkan QR baru.",
                "This QR is older than 90 seconds. Ask the holder to show a new one.",
            ),
            Self::HolderNotActive => Text::new(
                "KTP Digital ini sedang tidak aktif atau baru diubah. Minta QR baru; bila tetap ditolak, pemegang perlu ke Dukcapil.",
                "This digital KTP is not active or was just changed. Ask for a new QR; if refused again, the holder should go to Dukcapil.",
            ),
            Self::AlreadyUsed => Text::new(
                "QR ini sudah pernah dipakai. Minta pemegang menampilkan QR baru.",
                "This QR was used already. Ask the holder to show a new one.",
            ),
        }
    }
}

impl Reason {
    /// [`Reason::message`] for the QR of a printed card, of which nobody can show a new one at once.
    pub const fn message_of_card(self) -> Text {
        match self {
            Self::Expired => Text::new(
                "Kartu cetak ini sudah lewat satu tahun dan tidak berlaku lagi. Minta KTP-el; kartu baru dicetak di loket Dukcapil.",
                "This printed card is older than a year and no longer valid. Ask for the KTP-el; a new card is printed at a Dukcapil counter.",
            ),
            Self::HolderNotActive => Text::new(
                "Kartu cetak ini tidak berlaku lagi. Jangan terima. Minta KTP-el; kartu baru dicetak di loket Dukcapil.",
                "This printed card is no longer valid. Do not accept it. Ask for the KTP-el; a new card is printed at a Dukcapil counter.",
            ),
            Self::NotYetValid => Text::new(
                "Kartu cetak ini belum berlaku: periksa jam komputer Anda, lalu pindai lagi.",
                "This printed card is not valid yet: check your computer's clock, then scan again.",
            ),
            other => other.message(),
        }
    }
}

impl From<VerifyError> for Reason {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Malformed => Self::Malformed,
            VerifyError::UnknownKey => Self::UnknownKey,
            VerifyError::BadSignature => Self::BadSignature,
            VerifyError::WrongType => Self::WrongType,
            VerifyError::NotYetValid => Self::NotYetValid,
            VerifyError::Expired => Self::Expired,
        }
    }
}
