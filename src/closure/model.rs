//! What is erased after a closure, and what stays and why. Pure.

use crate::error::{Code, Refusal, Text};
use crate::holder::model::UNDO_SECONDS;

/// Seconds between a closure and the erasure: what can be undone is not erased, and the notice reaches the holder.
pub const ERASED_AFTER_SECONDS: i64 = UNDO_SECONDS;

/// What is erased.
pub const ERASED: &[Text] = &[
    Text::new(
        "Data dan pas foto dari database kependudukan yang disimpan untuk KTP Digital ini",
        "Data and portrait from the population register that were kept for this digital KTP",
    ),
    Text::new(
        "Pendaftaran Anda: isian, swafoto, nomor telepon",
        "Your registration: what you wrote, the selfie, the phone number",
    ),
    Text::new("Alamat surel, dan pemberitahuan yang dikirim ke sana", "The e-mail address, and the notices sent there"),
    Text::new(
        "Laporan Anda tentang pemeriksaan yang tidak Anda kenal, dan jawabannya",
        "Your reports of checks that you do not know, and the answers",
    ),
    Text::new(
        "Kunci PIN, ikatan dengan ponsel ini, dan kode blokir",
        "The PIN key, the binding to this phone, and the block code",
    ),
];

/// What stays, and why.
pub const KEPT: &[(Text, Text)] = &[
    (
        Text::new(
            "Catatan pemeriksaan oleh lembaga, tanpa data yang ditampilkan",
            "Records of checks by relying parties, without the data that were shown",
        ),
        Text::new(
            "Bukti bagi lembaga yang memeriksa bahwa pemeriksaan itu terjadi",
            "Proof for those who checked that the check took place",
        ),
    ),
    (
        Text::new(
            "Peristiwa KTP Digital ini (aktif, diblokir, ditutup) tanpa isinya",
            "Events of this digital KTP (active, blocked, closed) without their content",
        ),
        Text::new("Kewajiban mencatat pemrosesan data pribadi", "The duty to record the processing of personal data"),
    ),
    (
        Text::new(
            "Bila ditutup di loket tanpa ponsel: foto yang diambil saat itu, dan nama saksi dan pembantu, selama 30 hari",
            "If it was closed at a counter without the phone: the photo taken there, and the names of witness and helper, for 30 days",
        ),
        Text::new(
            "Bukti bila ternyata bukan Anda yang menutupnya",
            "Proof, should it turn out that it was not you who closed it",
        ),
    ),
    (
        Text::new("Catatan tindakan petugas", "The record of what officers did"),
        Text::new(
            "Pengawasan; tidak memuat data Anda, hanya nomor acak",
            "Oversight; it holds no data of yours, only a random number",
        ),
    ),
];

/// There is nothing to undo.
pub fn too_late() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Penutupan ini tidak dapat dibatalkan: bukan Anda yang menutup dengan PIN, sudah lewat 24 jam, atau persetujuan dicabut. Anda dapat mendaftar lagi.",
        "This closure cannot be undone: it was not closed with the PIN, 24 hours are over, or consent was withdrawn. You can register again.",
    )
}

/// The register says meanwhile that the holder may have no digital KTP.
pub fn register_forbids() -> Refusal {
    Refusal::new(Code::WrongState).detail(
        "Database kependudukan tidak mengizinkannya lagi. Keliru? Datanglah ke loket Dukcapil dengan KTP-el sebelum 24 jam lewat.",
        "The population register does not allow it any more. A mistake? Go to a Dukcapil counter with the KTP-el before the 24 hours are over.",
    )
}
