//! What can go wrong, in words that a person can act on.
//!
//! A [`Refusal`] is an answer: it has a stable code, a status and a sentence that says what to do. Everything else is
//! a fault: the caller learns only that it was not their doing, the log learns the rest.

use std::borrow::Cow;

use crate::clock::Timestamp;
use crate::db::DbError;

/// One sentence in the two languages that the service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Indonesian.
    pub id: &'static str,
    /// English.
    pub en: &'static str,
}

impl Text {
    /// Both languages of one sentence: Indonesian first.
    pub const fn new(id: &'static str, en: &'static str) -> Self {
        Self { id, en }
    }

    /// The sentence in `language`.
    pub const fn in_language(&self, language: Language) -> &'static str {
        match language {
            Language::Indonesian => self.id,
            Language::English => self.en,
        }
    }
}

/// The languages in which the service speaks to people.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
pub enum Language {
    /// Bahasa Indonesia, the default.
    #[default]
    #[serde(rename = "id")]
    #[strum(serialize = "id")]
    Indonesian,
    /// English.
    #[serde(rename = "en")]
    #[strum(serialize = "en")]
    English,
}

crate::text_column!(Language);

impl Language {
    /// `id` or `en` (BCP 47).
    pub fn tag(self) -> &'static str {
        self.into()
    }

    /// A moment for people: date and time in western Indonesian time, named, because residents live in three zones.
    /// `21-11-2026 pukul 23.59 WIB` or `2026-11-21 23:59 WIB (UTC+7)`.
    pub fn moment(self, at: Timestamp) -> String {
        let form = match self {
            Self::Indonesian => "%d-%m-%Y pukul %H.%M WIB",
            Self::English => "%Y-%m-%d %H:%M WIB (UTC+7)",
        };
        at.in_jakarta().strftime(form).to_string()
    }

    /// The day of a moment for people, in western Indonesian time: `21-11-2026` or `2026-11-21`.
    pub fn date(self, at: Timestamp) -> String {
        let form = match self {
            Self::Indonesian => "%d-%m-%Y",
            Self::English => "%Y-%m-%d",
        };
        at.in_jakarta().strftime(form).to_string()
    }
}

macro_rules! codes {
    ($($variant:ident = $code:literal, $status:literal, $title_id:literal / $title_en:literal, $detail_id:literal / $detail_en:literal;)*) => {
        /// Every code of refusal. They are part of the protocol: stable, one meaning each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = concat!("`", $code, "`, status ", stringify!($status), ": ", $title_en, ".")] $variant,)*
        }

        impl Code {
            /// All codes, in the order of their statuses.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as it stands in a problem document.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// A short name of the problem.
            pub const fn title(self) -> Text {
                match self { $(Self::$variant => Text::new($title_id, $title_en),)* }
            }

            /// What the caller can do, where the refusal itself says nothing more precise.
            pub const fn detail(self) -> Text {
                match self { $(Self::$variant => Text::new($detail_id, $detail_en),)* }
            }
        }
    };
}

codes! {
    MalformedJson = "malformed_json", 400, "Isi permintaan tidak terbaca" / "The request body cannot be read",
        "Kirim satu objek JSON UTF-8 sesuai dokumentasi, dengan Content-Type application/json." / "Send one UTF-8 JSON object as documented, with Content-Type application/json.";
    MalformedRequest = "malformed_request", 400, "Permintaan tidak terbaca" / "The request cannot be read",
        "Periksa alamat, parameter, dan header permintaan dengan dokumentasi." / "Check the request's path, query and headers against the documentation.";
    IdempotencyKeyMissing = "idempotency_key_missing", 400, "Idempotency-Key tidak ada" / "Idempotency-Key is missing",
        "Kirim header Idempotency-Key berisi 1-64 karakter ASCII yang baru untuk setiap pemeriksaan; pakai lagi hanya untuk mengulang." / "Send an Idempotency-Key header of 1 to 64 visible ASCII characters, new for every check; use it again only to repeat that check.";
    DpopInvalid = "dpop_invalid", 401, "Bukti kunci perangkat tidak sah" / "The device proof is not valid",
        "Buat bukti DPoP baru (RFC 9449) untuk metode dan alamat ini dengan kunci perangkat, lalu ulangi." / "Make a new DPoP proof (RFC 9449) for this method and URL with the device key, then repeat.";
    UseDpopNonce = "use_dpop_nonce", 401, "Bukti kunci perangkat perlu nonce" / "The device proof needs a nonce",
        "Buat bukti DPoP baru yang memuat nonce dari header DPoP-Nonce jawaban ini, lalu ulangi." / "Make a new DPoP proof with the nonce from this answer's DPoP-Nonce header, then repeat.";
    SessionEnded = "session_ended", 401, "Sesi sudah berakhir" / "The session has ended",
        "Buka kunci dengan PIN lagi, atau masuk lagi." / "Unlock with the PIN again, or log in again.";
    PasswordRequired = "password_required", 401, "Kata sandi diperlukan lagi" / "The password is needed again",
        "Masukkan kata sandi Anda untuk melanjutkan sesi." / "Enter your password to continue the session.";
    LoginFailed = "login_failed", 401, "Gagal masuk" / "The log-in failed",
        "Periksa nama pengguna, kata sandi, dan kode autentikator; tunggu kode berikutnya bila kode tadi sudah dipakai." / "Check the user name, the password and the authenticator code; wait for the next code if this one was used.";
    ApiKeyInvalid = "api_key_invalid", 401, "Kunci API tidak sah" / "The API key is not valid",
        "Kirim Authorization: Bearer dengan kunci API lembaga Anda yang masih berlaku." / "Send Authorization: Bearer with a living API key of your organisation.";
    SecretsRequired = "secrets_required", 403, "Buat kata sandi dan autentikator Anda sendiri dahulu" / "Choose secrets of your own first",
        "Data masuk ini dibuatkan untuk Anda dan hanya membuka satu halaman: masuk lewat halaman kerja Anda, lalu pilih di sana kata sandi atau autentikator sendiri." / "These secrets were made for you and open one page only: log in at the page where you work, and choose a password or an authenticator of your own there.";
    Forbidden = "forbidden", 403, "Tidak diizinkan" / "Not allowed",
        "Tindakan ini bukan wewenang Anda; mintalah kepada penyelia." / "This is not yours to do; ask a supervisor.";
    Misdirected = "misdirected", 421, "Alamatnya lain" / "Another address",
        "Halaman petugas punya alamat sendiri: buka lagi /petugas, /verifikasi, atau /admin, dan Anda dibawa ke sana." / "The pages of the staff have an address of their own: open /petugas, /verifikasi or /admin again, and you are led there.";
    ReasonRequired = "reason_required", 403, "Data hanya tampil bila warganya hadir" / "The data are shown when the resident is present",
        "Pindai QR warga, atau cocokkan angkanya. Tanpa warga, tulis alasan membuka data ini; alasan itu dicatat." / "Scan the resident's QR or confirm the number. Without the resident, write why you open the data; the reason is recorded.";
    PinWrong = "pin_wrong", 403, "PIN salah" / "The PIN is wrong",
        "Coba lagi dengan PIN yang benar; sisa percobaan tertera." / "Try again with the right PIN; the tries left are stated.";
    PurposeNotAllowed = "purpose_not_allowed", 403, "Tujuan tidak terdaftar" / "The purpose is not registered",
        "Pakai kode tujuan yang terdaftar untuk lembaga Anda, atau daftarkan tujuan ini." / "Use a purpose code registered for your organisation, or have this one registered.";
    ContractNotInForce = "contract_not_in_force", 403, "Perjanjian lembaga tidak berlaku" / "The organisation's contract is not in force",
        "Perjanjian lembaga Anda sudah berakhir: perpanjang pada Ditjen Dukcapil. Sampai saat itu mintalah KTP-el." / "Your organisation's contract has ended: have the administration renew it. Until then ask for the KTP-el.";
    NotFound = "not_found", 404, "Tidak ditemukan" / "Not found",
        "Periksa alamat dan nomornya; data ini mungkin milik perangkat atau kantor lain." / "Check the path and the id; it may belong to another device or office.";
    MethodNotAllowed = "method_not_allowed", 405, "Metode tidak tersedia" / "The method is not available here",
        "Lihat header Allow dan dokumentasi untuk metode yang tersedia." / "See the Allow header and the documentation for the methods that exist.";
    NotAcceptable = "not_acceptable", 406, "Bentuk jawaban tidak tersedia" / "That form of answer is not available",
        "Minta application/json, image/svg+xml, atau image/png." / "Ask for application/json, image/svg+xml or image/png.";
    RequestTimeout = "request_timeout", 408, "Permintaan terlalu lambat" / "The request took too long",
        "Ulangi permintaan; bila jaringan lambat, kirim gambar yang lebih kecil." / "Repeat the request; on a slow network send a smaller picture.";
    WrongState = "wrong_state", 409, "Langkah ini belum atau tidak lagi berlaku" / "This step does not apply in the present state",
        "Lihat status pendaftaran untuk langkah berikutnya." / "Look at the registration's state for the next step.";
    ScanRequired = "scan_required", 409, "Pindai dahulu" / "Scan first",
        "Pindai QR aktivasi warga ini sendiri, atau cocokkan angkanya; pindaian berlaku 30 menit." / "Scan this resident's activation QR yourself, or confirm the match number; a scan counts for 30 minutes.";
    AlreadyActive = "already_active", 409, "KTP Digital sudah aktif" / "A digital KTP is already active",
        "Warga ini sudah punya KTP Digital aktif atau pendaftaran lain yang disetujui; arahkan ke penyelia." / "This resident already has an active digital KTP or another approved registration; refer to the supervisor.";
    OtherQr = "other_qr", 409, "QR ini untuk hal lain" / "This QR is for something else",
        "Kirim ke POST /v1/officer/recoveries/scan: warga ini ingin membuat PIN baru." / "Send it to POST /v1/officer/recoveries/scan: this holder wants to choose a new PIN.";
    QrUsed = "qr_used", 409, "QR sudah dipakai" / "The QR was used already",
        "Minta QR yang baru, lalu pindai lagi." / "Ask for a new QR and scan again.";
    RequestInFlight = "request_in_flight", 409, "Permintaan yang sama sedang diproses" / "The same request is in flight",
        "Tunggu sebentar, lalu ulangi dengan Idempotency-Key yang sama." / "Wait a moment, then repeat with the same Idempotency-Key.";
    CodeExpired = "code_expired", 410, "Kode tidak berlaku lagi" / "The code is no longer valid",
        "Minta kode baru; Anda tidak perlu ke loket lagi." / "Ask for a new code; no second visit is needed.";
    InvitationOver = "invitation_over", 410, "Tautan ini tidak berlaku lagi" / "This link is no longer valid",
        "Tautan berlaku 24 jam dan sekali pakai; minta undangan baru kepada kepala kantor, administrator lembaga Anda, atau administrasi pusat." / "A link lives 24 hours and works once; ask the head of your office, your organisation's administrator or the national administration for a new invitation.";
    QrExpired = "qr_expired", 410, "QR kedaluwarsa" / "The QR has expired",
        "QR berlaku 90 detik; minta QR yang baru, lalu pindai lagi." / "A QR lives 90 seconds; ask for a new one and scan again.";
    TooLarge = "too_large", 413, "Kiriman terlalu besar" / "The body is too large",
        "Kirim paling besar 64 KiB; swafoto 5 MiB, daftar pegawai 256 KiB, perubahan data induk 4 MiB." / "Send at most 64 KiB; a selfie 5 MiB, a list of employees 256 KiB, changes of the register 4 MiB.";
    UnsupportedMediaType = "unsupported_media_type", 415, "Jenis kiriman tidak didukung" / "The media type is not supported",
        "Kirim application/json; untuk swafoto image/jpeg atau image/png." / "Send application/json; for a selfie image/jpeg or image/png.";
    InvalidField = "invalid_field", 422, "Ada isian yang perlu diperbaiki" / "Some fields need to be corrected",
        "Perbaiki isian yang disebut, lalu kirim lagi." / "Correct the fields named, then send again.";
    CodeWrong = "code_wrong", 422, "Kode salah" / "The code is wrong",
        "Periksa kode pada surel terakhir; sisa percobaan tertera." / "Check the code in the latest e-mail; the tries left are stated.";
    CaptchaRequired = "captcha_required", 422, "Captcha diperlukan" / "A captcha is required",
        "Ambil tantangan dari POST /v1/captcha, selesaikan, lalu kirim pada isian captcha." / "Take a challenge from POST /v1/captcha, solve it, and send it in the captcha field.";
    CaptchaInvalid = "captcha_invalid", 422, "Captcha tidak sah" / "The captcha is not valid",
        "Ambil tantangan baru; tiap jawaban hanya berlaku sekali dan sebentar." / "Take a new challenge; each solution counts once and for a short time.";
    IdempotencyMismatch = "idempotency_mismatch", 422, "Idempotency-Key dipakai untuk isi lain" / "The Idempotency-Key was used for another body",
        "Ulangi dengan isi yang sama, atau pakai kunci baru untuk pemeriksaan baru." / "Repeat with the same body, or use a new key for a new check.";
    PictureUnusable = "picture_unusable", 422, "Gambar tidak dapat dipakai" / "The picture cannot be used",
        "Ambil ulang foto: JPEG atau PNG, paling besar 4096 piksel per sisi, tidak rusak." / "Take the picture again: JPEG or PNG, at most 4096 pixels a side, not damaged.";
    WebhookUnanswered = "webhook_unanswered", 422, "Webhook tidak menjawab sebagaimana mestinya" / "The webhook did not answer as it should",
        "Periksa alamat dan servernya, lalu uji lagi." / "See to the address and its server, then test again.";
    SignatureInvalid = "signature_invalid", 422, "Tanda tangan kunci PIN tidak sah" / "The PIN key's signature is not valid",
        "Tanda tangani tantangan yang baru dengan kunci PIN seperti pada dokumentasi, lalu ulangi." / "Sign a fresh challenge with the PIN key as documented, then repeat.";
    ChallengeInvalid = "challenge_invalid", 422, "Tantangan tidak berlaku" / "The challenge is not valid",
        "Ambil tantangan baru dari POST /v1/challenges; tiap tantangan berlaku 60 detik dan sekali pakai." / "Take a new challenge from POST /v1/challenges; each lives 60 seconds and works once.";
    BlockRefused = "block_refused", 422, "Tidak dapat diblokir dengan data ini" / "These do not block anything",
        "Periksa NIK dan kode blokir, atau pakai tautan pada surel terbaru; tanpa keduanya, telepon atau datangi kantor Dukcapil mana pun." / "Check the NIK and the block code, or use the link of the newest mail; without both, call or visit any Dukcapil office.";
    Blocked = "blocked", 423, "KTP Digital ini diblokir" / "This digital KTP is blocked",
        "Lihat GET /v1/me/status: di sana tertera alasannya dan cara membukanya." / "See GET /v1/me/status: it says why and how it comes back.";
    PinBlocked = "pin_blocked", 423, "PIN diblokir" / "The PIN is blocked",
        "Datanglah ke loket Dukcapil dengan KTP-el untuk membuka blokir." / "Go to a Dukcapil counter with your KTP-el to have it unblocked.";
    PinWait = "pin_wait", 429, "Tunggu sebelum mencoba PIN lagi" / "Wait before trying the PIN again",
        "Tunggu selama waktu yang tertera, lalu coba lagi." / "Wait for the time stated, then try again.";
    TooMany = "too_many", 429, "Terlalu sering" / "Too many requests",
        "Tunggu selama waktu yang tertera, lalu coba lagi." / "Wait for the time stated, then try again.";
    QuotaReached = "quota_reached", 429, "Kuota pemeriksaan terpakai" / "Quota of checks used up",
        "Tunggu selama waktu yang tertera; untuk kuota lebih besar, tulis kepada Ditjen Dukcapil." / "Wait for the time stated; for a larger quota write to Ditjen Dukcapil.";
    Internal = "internal", 500, "Terjadi kesalahan di sistem kami" / "Something went wrong on our side",
        "Coba lagi sebentar; bila tetap gagal, sebutkan request_id kepada petugas." / "Try again shortly; if it goes on, tell the office the request_id.";
    Undetermined = "undetermined", 503, "Belum dapat dipastikan" / "Could not be determined",
        "Hasilnya belum diketahui; ulangi dengan Idempotency-Key yang sama." / "The outcome is unknown; repeat with the same Idempotency-Key and you learn it.";
    Overloaded = "overloaded", 503, "Sistem sedang sibuk" / "The service is busy",
        "Tidak ada yang berubah; tunggu selama waktu yang tertera, lalu ulangi." / "Nothing was changed; wait for the time stated, then repeat.";
    Unavailable = "unavailable", 503, "Sistem sedang tidak tersedia" / "The service is not available",
        "Tunggu selama waktu yang tertera, lalu ulangi; mengulang tidak merugikan." / "Wait for the time stated, then repeat; repeating does no harm.";
}

/// One field of the input that has to be corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field, e.g. `terms.version`.
    pub field: Cow<'static, str>,
    /// What to do about it.
    pub message: Text,
}

/// An answer that says no: why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its stable code.
    pub code: Code,
    /// A sentence more precise than the code's own.
    pub detail: Option<Text>,
    /// The fields to correct, for `invalid_field`.
    pub fields: Vec<FieldError>,
    /// Tries left, for codes and PINs.
    pub tries_left: Option<i64>,
    /// Seconds to wait before the same request makes sense.
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// A refusal with the code's own sentence.
    pub const fn new(code: Code) -> Self {
        Self { code, detail: None, fields: Vec::new(), tries_left: None, retry_after: None }
    }

    /// Says more precisely what to do: Indonesian, then English.
    #[must_use]
    pub const fn detail(mut self, id: &'static str, en: &'static str) -> Self {
        self.detail = Some(Text::new(id, en));
        self
    }

    /// States the tries left.
    #[must_use]
    pub const fn tries_left(mut self, tries: i64) -> Self {
        self.tries_left = Some(tries);
        self
    }

    /// States the seconds to wait.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// `invalid_field` for one field: Indonesian, then English.
    pub fn field(field: impl Into<Cow<'static, str>>, id: &'static str, en: &'static str) -> Self {
        Self::fields(vec![FieldError { field: field.into(), message: Text::new(id, en) }])
    }

    /// `invalid_field` for several fields.
    pub fn fields(fields: Vec<FieldError>) -> Self {
        Self { fields, ..Self::new(Code::InvalidField) }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

/// What a use case gives back when it does not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's request is answered with no.
    #[error("refused: {}", .0.code.as_str())]
    Refused(Box<Refusal>),
    /// The database did not do it. Nothing was acknowledged.
    #[error("database: {0}")]
    Db(#[from] DbError),
    /// A key module does not answer. Nothing was acknowledged; the text is for the log.
    #[error("away: {0}")]
    Away(String),
    /// A fault of ours; the text is for the log and never carries personal data.
    #[error("internal: {0}")]
    Internal(String),
}

impl Error {
    /// A fault of ours, described for the log without personal data.
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::Internal(what.to_string())
    }

    /// The refusal's code, if it is one.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            Self::Db(_) | Self::Away(_) | Self::Internal(_) => None,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Refusal::new(code).into()
    }
}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_the_time_of_jakarta() {
        let at = Timestamp::from_seconds(1_795_280_399);
        assert_eq!(Language::Indonesian.moment(at), "21-11-2026 pukul 23.59 WIB");
        assert_eq!(Language::English.moment(at), "2026-11-21 23:59 WIB (UTC+7)");
    }

    #[test]
    fn codes_are_unique_and_speak_both_languages() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} stands twice", code.as_str());
            assert!(code.title().id.len() > 3 && code.title().en.len() > 3);
            assert!(code.detail().id.ends_with('.') && code.detail().en.ends_with('.'));
            assert_ne!(code.detail().id, code.detail().en);
        }
    }
}
