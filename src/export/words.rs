//! What people read on paper in place of the words of the document. Pure. A word that is not known here stands for itself.

use std::str::FromStr;

use crate::attribute::Attribute;
use crate::correction::model::Kind;
use crate::credential;
use crate::error::{Language, Text};
use crate::holder::Reason;
use crate::life::EventKind;
use crate::life::ports as life;
use crate::register::{MaritalStatus, Nationality, Religion, Sex};

/// How long what is kept.
pub(super) struct Kept {
    /// The parts of the document.
    pub parts: &'static str,
    /// What they are.
    pub what: Text,
    /// Until when. The English stands in the document.
    pub until: Text,
}

pub(super) const KEPT_FOR: &[Kept] = &[
    Kept {
        parts: "data, portrait, contact, consent",
        what: Text::new("Data, pas foto, surel, persetujuan", "Data, portrait, e-mail, consent"),
        until: Text::new(
            "sampai Anda menutup KTP Digital, dan satu hari",
            "until you close the digital KTP, and one day",
        ),
    },
    Kept {
        parts: "selfie",
        what: Text::new("Swafoto", "Selfie"),
        until: Text::new("30 hari sesudah aktivasi", "30 days after the activation"),
    },
    Kept {
        parts: "events, checks, staff_views",
        what: Text::new("Peristiwa, pemeriksaan, tindakan petugas", "Events, checks, acts of officers"),
        until: Text::new(
            "lima tahun, tanpa isinya begitu Anda menutup",
            "five years, without their content once you close",
        ),
    },
    Kept {
        parts: "corrections",
        what: Text::new("Kasus ketidaksesuaian data", "Correction cases"),
        until: Text::new(
            "90 hari sesudah berakhir, dan paling lama sampai Anda menutup KTP Digital dan satu hari",
            "90 days after their end, and until you close the digital KTP and one day at most",
        ),
    },
    Kept {
        parts: "disputes",
        what: Text::new("Laporan pemeriksaan", "Reports of checks"),
        until: Text::new(
            "sampai Anda menutup KTP Digital, dan satu hari",
            "until you close the digital KTP, and one day",
        ),
    },
];

/// What a word of the document is in a language.
pub(super) fn say(word: &str, known: Option<Text>, language: Language) -> String {
    known.map_or_else(|| word.to_owned(), |text| text.in_language(language).to_owned())
}

/// What happened.
pub(super) fn event(what: &str, reason: Option<&str>) -> Option<Text> {
    let reason = reason.and_then(|reason| Reason::from_str(reason).ok());
    EventKind::from_str(what).ok().map(|kind| life::title(kind, reason))
}

/// Why a digital KTP was stopped.
pub(super) fn stop(reason: &str) -> Option<Text> {
    Some(match Reason::from_str(reason).ok()? {
        Reason::SelfBlock => Text::new("diblokir pemegang", "blocked by the holder"),
        Reason::OfficerBlockProvisional => {
            Text::new("diblokir sementara lewat telepon", "blocked for now by telephone")
        }
        Reason::OfficerBlock => Text::new("diblokir di loket", "blocked at a counter"),
        Reason::PinExhausted => Text::new("PIN salah sembilan kali", "the PIN was wrong nine times"),
        Reason::RegisterChanged => Text::new("data kependudukan berubah", "the register changed"),
        Reason::RegisterDeceased => Text::new("tercatat meninggal", "recorded as dead"),
        Reason::RegisterLeft => Text::new("tercatat pindah ke luar negeri", "recorded as having left the country"),
        Reason::RegisterCorrected => Text::new("data kependudukan diperbaiki", "the register was put right"),
        Reason::RegisterDuplicate => Text::new("NIK ganda", "two people with one NIK"),
        Reason::Superseded => Text::new("digantikan yang baru", "made way for a new one"),
        Reason::Deceased => Text::new("meninggal", "died"),
        Reason::Emigrated => Text::new("pindah ke luar negeri", "left the country"),
        Reason::Closed => Text::new("ditutup pemegang", "closed by the holder"),
        Reason::ConsentWithdrawn => Text::new("persetujuan dicabut", "consent withdrawn"),
        Reason::Annulled => Text::new("dibatalkan", "annulled"),
    })
}

/// What kind of actor it was.
pub(super) fn actor(word: &str) -> Option<Text> {
    Some(match word {
        "officer" => Text::new("Petugas", "Officer"),
        "resident" => Text::new("Pemegang", "Holder"),
        "relying_party" => Text::new("Lembaga", "Relying party"),
        "employee" => Text::new("Pegawai lembaga", "Employee of a relying party"),
        "stranger" => Text::new("Tidak dikenal", "Not known"),
        "operator" => Text::new("Pengelola sistem", "Operator"),
        "system" => Text::new("Sistem", "The service"),
        _ => return None,
    })
}

/// Why a check was refused.
pub(super) fn refusal(word: &str) -> Option<Text> {
    use credential::Reason as Refused;
    Some(match Refused::from_name(word)? {
        Refused::UnknownCode => Text::new("kode tidak dikenal", "unknown code"),
        Refused::Malformed => Text::new("QR rusak", "damaged QR"),
        Refused::UnknownKey => Text::new("kunci tidak dikenal", "unknown key"),
        Refused::BadSignature => Text::new("tanda tangan salah", "wrong signature"),
        Refused::WrongType => Text::new("QR untuk keperluan lain", "QR for something else"),
        Refused::NotYetValid => Text::new("belum berlaku", "not valid yet"),
        Refused::Expired => Text::new("lewat waktunya", "expired"),
        Refused::HolderNotActive => Text::new("KTP Digital tidak aktif", "digital KTP not active"),
        Refused::AlreadyUsed => Text::new("sudah dipakai", "used already"),
    })
}

/// An attribute, or an element of the KTP-el.
pub(super) fn attribute(name: &str) -> Option<Text> {
    Attribute::from_name(name).map(Attribute::label)
}

/// The value of an attribute that is a code.
pub(super) fn value(attribute: Attribute, code: &str) -> Option<Text> {
    match attribute {
        Attribute::Sex => Sex::parse(code).map(Sex::label),
        Attribute::Religion => Religion::parse(code).map(Religion::label),
        Attribute::MaritalStatus => MaritalStatus::parse(code).map(MaritalStatus::label),
        Attribute::Nationality => Nationality::parse(code).map(Nationality::label),
        _ => None,
    }
}

/// Yes or no.
pub(super) const fn flag(flag: bool) -> Text {
    if flag { Text::new("Ya", "Yes") } else { Text::new("Tidak", "No") }
}

/// Where a dispute stands, or how it ended.
pub(super) fn dispute(word: &str) -> Option<Text> {
    Some(match word {
        "opened" => Text::new("Dicatat", "Noted"),
        "asked_party" => Text::new("Lembaga diminta menjawab", "The party is asked"),
        "answered" => Text::new("Dijawab", "Answered"),
        "closed" => Text::new("Selesai", "Closed"),
        "withdrawn" => Text::new("ditarik pemegang", "withdrawn by the holder"),
        "unanswered" => Text::new("tidak dijawab", "not answered"),
        "read" => Text::new("jawaban dibaca", "answer read"),
        _ => return None,
    })
}

/// What a relying party found.
pub(super) fn finding(word: &str) -> Option<Text> {
    Some(match word {
        "holder_was_there" => Text::new("Pemegang ada di sana", "The holder was there"),
        "our_mistake" => Text::new("Kekeliruan lembaga", "The party's mistake"),
        "misused" => Text::new("Dipakai orang lain", "Used by somebody else"),
        "unknown" => Text::new("Tidak dapat dipastikan", "Could not be found out"),
        _ => return None,
    })
}

/// What a correction case is about.
pub(super) fn case(kind: &str) -> Option<Text> {
    Kind::from_str(kind).ok().map(|kind| kind.guide().title)
}

/// Where it stands.
pub(super) fn case_state(word: &str) -> Option<Text> {
    Some(match word {
        "opened" => Text::new("Dibuka", "Opened"),
        "waiting_resident" => Text::new("Menunggu warga", "Waits for the resident"),
        "in_register" => Text::new("Sedang dibetulkan", "Being put right"),
        "resolved" => Text::new("Selesai", "Settled"),
        "refused" => Text::new("Ditolak", "Refused"),
        "lapsed" => Text::new("Berakhir", "Ended"),
        "withdrawn" => Text::new("Ditarik", "Withdrawn"),
        _ => return None,
    })
}

/// What an officer did.
pub(super) fn act(word: &str) -> Option<Text> {
    Some(match word {
        "scan" => Text::new("Memindai QR di loket", "Scanned the QR at the counter"),
        "match_confirmed" => Text::new("Mencocokkan nomor di layar", "Confirmed the number on the screen"),
        "registration_viewed" => Text::new("Membuka pendaftaran", "Opened the registration"),
        "view_with_reason" => Text::new("Membuka pendaftaran dengan alasan", "Opened the registration, with a reason"),
        "picture_viewed" => Text::new("Melihat foto", "Looked at a picture"),
        "approval" => Text::new("Menyetujui pendaftaran", "Approved the registration"),
        "waiver_asked" => {
            Text::new("Meminta persetujuan tanpa mencocokkan wajah", "Asked for an approval without comparing the face")
        }
        "approval_asked" => Text::new("Meminta persetujuan kedua", "Asked for a second approval"),
        "return" => Text::new("Mengembalikan pendaftaran", "Returned the registration"),
        "rejection" => Text::new("Menolak pendaftaran", "Rejected the registration"),
        "approval_completed" => Text::new("Menyelesaikan persetujuan", "Completed the approval"),
        "activation" => Text::new("Mengaktifkan", "Activated"),
        "block" => Text::new("Memblokir", "Blocked"),
        "closure" => Text::new("Menutup", "Closed"),
        _ => return act_by_two(word),
    })
}

/// What two people do: the first asks, the second grants or refuses.
fn act_by_two(word: &str) -> Option<Text> {
    Some(match word {
        "release_asked" => Text::new("Meminta pelepasan", "Asked for a release"),
        "release_granted" => Text::new("Menyetujui pelepasan", "Granted a release"),
        "release_refused" => Text::new("Menolak pelepasan", "Refused a release"),
        "recovery_viewed" => Text::new("Membuka pemulihan", "Opened the recovery"),
        "recovery_asked" => Text::new("Meminta pemulihan", "Asked for the recovery"),
        "recovery_granted" => Text::new("Menyetujui pemulihan", "Granted the recovery"),
        "recovery_refused" => Text::new("Menolak pemulihan", "Refused the recovery"),
        "annulment_viewed" => Text::new("Membuka pembatalan", "Opened the annulment"),
        "annulment_asked" => Text::new("Meminta pembatalan", "Asked for the annulment"),
        "annulment_granted" => Text::new("Menyetujui pembatalan", "Granted the annulment"),
        "annulment_refused" => Text::new("Menolak pembatalan", "Refused the annulment"),
        "correction_viewed" => Text::new("Membuka kasus data", "Opened the correction case"),
        "correction_opened" => Text::new("Membuat kasus data", "Began the correction case"),
        "correction_taken" => Text::new("Mengambil kasus data", "Took the correction case"),
        "correction_passed_on" => Text::new("Meneruskan kasus data", "Passed the correction case on"),
        "correction_asked" => Text::new("Meminta orang kedua untuk kasus data", "Asked a second person about the case"),
        "correction_granted" => Text::new("Menyetujui kasus data", "Granted the correction case"),
        "correction_sent_back" => Text::new("Mengembalikan kasus data", "Sent the correction case back"),
        "correction_refused" => Text::new("Menolak kasus data", "Refused the correction case"),
        "walk_in_prepared" => Text::new("Menyiapkan layanan tanpa ponsel", "Prepared a request without the phone"),
        "walk_in_asked" => Text::new("Meminta layanan tanpa ponsel", "Asked for something without the phone"),
        "walk_in_viewed" => Text::new("Membuka layanan tanpa ponsel", "Opened a request without the phone"),
        "walk_in_granted" => Text::new("Menyetujui layanan tanpa ponsel", "Granted a request without the phone"),
        "walk_in_refused" => Text::new("Menolak layanan tanpa ponsel", "Refused a request without the phone"),
        "copy_printed" => Text::new("Mencetak salinan data", "Printed a copy of the data"),
        "card_prepared" => Text::new("Menyiapkan kartu cetak", "Prepared a printed card"),
        "card_asked" => Text::new("Meminta kartu cetak", "Asked for a printed card"),
        "card_viewed" => Text::new("Membuka permintaan kartu", "Opened the request for a card"),
        "card_granted" => Text::new("Menyetujui kartu cetak", "Granted a printed card"),
        "card_refused" => Text::new("Menolak kartu cetak", "Refused a printed card"),
        "card_printed" => Text::new("Mencetak kartu", "Printed a card"),
        "card_voided" => Text::new("Membatalkan kartu", "Voided a card"),
        "card_kept" => Text::new("Mengubah nasib kartu saat ada ponsel", "Noted whether a card stays beside a phone"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_a_copy_can_have_is_said_in_both_languages() {
        let reasons = Reason::ALL.iter().map(|reason| stop(reason.as_str()));
        let refusals = credential::Reason::ALL.iter().map(|reason| refusal(reason.as_str()));
        let cases = Kind::ALL.iter().map(|kind| case(kind.as_str()));
        let states = ["opened", "waiting_resident", "in_register", "resolved", "refused", "withdrawn", "lapsed"];
        let events = EventKind::ALL.iter().map(|kind| event(kind.as_str(), None));
        for text in reasons.chain(refusals).chain(cases).chain(events).chain(states.map(case_state)) {
            let text = text.unwrap();
            assert!(text.id != text.en && text.id.len() > 4, "{text:?}");
        }
        assert_eq!(say("something_new", act("something_new"), Language::English), "something_new");
        assert_eq!(value(Attribute::Sex, "female").unwrap().in_language(Language::Indonesian), "Perempuan");
    }
}
