//! What a notice says of each event, in both languages. Pure.

use super::model::EventKind;
use crate::error::Text;
use crate::holder::Reason;

/// Subject, what happened, and what the holder can do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub title: Text,
    pub what: Text,
    pub next: Text,
}

macro_rules! words {
    ($title_id:literal / $title_en:literal, $what_id:literal / $what_en:literal, $next_id:literal / $next_en:literal) => {
        Words {
            title: Text::new($title_id, $title_en),
            what: Text::new($what_id, $what_en),
            next: Text::new($next_id, $next_en),
        }
    };
}

/// That a foreigner's permit to stay ends soon. The day itself, only the app says.
macro_rules! permit {
    ($id:literal / $en:literal) => {
        Words {
            title: Text::new(
                concat!("Izin tinggal Anda berakhir dalam ", $id),
                concat!("Your permit to stay ends within ", $en),
            ),
            what: Text::new(
                concat!("Menurut database kependudukan izin tinggal Anda berakhir dalam ", $id, ". Sesudah hari itu KTP Digital Anda tidak berlaku."),
                concat!("According to the population register your permit to stay ends within ", $en, ". After that day your digital KTP does not count."),
            ),
            next: Text::new(
                "Perpanjang izin tinggal, lalu laporkan kepada Dukcapil. Begitu database kependudukan mencatatnya, KTP Digital berlaku lagi dengan sendirinya.",
                "Have the permit prolonged and report that to Dukcapil. Once the population register has it, the digital KTP counts again by itself.",
            ),
        }
    };
}

/// The words of an event.
pub(super) const fn of(kind: EventKind, reason: Option<Reason>) -> Words {
    match (kind, reason) {
        (EventKind::Activated, _) => words!(
            "KTP Digital Anda aktif" / "Your digital KTP is active",
            "KTP Digital Anda sekarang aktif di sebuah ponsel." / "Your digital KTP is now active on a phone.",
            "Simpan kode blokir yang ditampilkan aplikasi di tempat lain: dengan kode itu Anda dapat memblokir tanpa ponsel."
                / "Keep the block code that the app shows somewhere else: with it you can block without the phone."
        ),
        (EventKind::Restarted, reason) => of_start(reason),
        (EventKind::BlockAsked, _) => words!(
            "Diminta memblokir KTP Digital Anda" / "Somebody asked to block your digital KTP",
            "Seseorang meminta petugas memblokir KTP Digital Anda lewat telepon. Dalam 7 hari terakhir itu sudah pernah terjadi, jadi kali ini petugas tidak memblokirnya."
                / "By telephone somebody asked an officer to block your digital KTP. That happened in the last 7 days already, so this time the officer did not block it.",
            "Bila Anda yang meminta, tekan tautan di bawah: KTP Digital Anda langsung diblokir. Bila bukan, tidak ada yang perlu dilakukan."
                / "If you asked for it, press the link below: your digital KTP is blocked at once. If not, nothing needs to be done."
        ),
        (EventKind::PinChanged, _) => words!(
            "PIN KTP Digital Anda diganti" / "The PIN of your digital KTP was changed",
            "PIN KTP Digital Anda diganti, dan semua sesi diakhiri."
                / "The PIN of your digital KTP was changed, and all sessions ended.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan." / "If it was you, nothing else needs to be done."
        ),
        (EventKind::BlockCodeGiven, _) => words!(
            "Kode blokir KTP Digital Anda diganti" / "Your digital KTP has a new block code",
            "Kode blokir yang baru ditampilkan di aplikasi; yang lama tidak berlaku lagi."
                / "A new block code was shown in the app; the one before no longer counts.",
            "Simpan kode itu di tempat lain, bukan di ponsel." / "Keep the code somewhere else, not on the phone."
        ),
        (EventKind::Moved, _) => words!(
            "KTP Digital Anda pindah ke ponsel lain" / "Your digital KTP moved to another phone",
            "KTP Digital Anda dipindahkan dari ponsel lama dengan PIN Anda; di ponsel lama sudah tidak ada."
                / "Your digital KTP was moved from the old phone with your PIN; it is no longer on the old one.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan." / "If it was you, nothing else needs to be done."
        ),
        (
            kind @ (EventKind::ContactAsked
            | EventKind::ContactChanged
            | EventKind::ContactChangedAtCounter
            | EventKind::ContactKept),
            _,
        ) => of_contact(kind),
        (EventKind::Refreshed, _) => words!(
            "Data KTP Digital Anda diperbarui" / "The data of your digital KTP were updated",
            "Data pada KTP Digital Anda diperbarui menurut database kependudukan."
                / "The data on your digital KTP were updated from the population register.",
            "Buka aplikasi untuk melihatnya. Bila keliru, datanglah ke loket Dukcapil dengan KTP-el."
                / "Open the app to see them. If they are wrong, go to a Dukcapil counter with your KTP-el."
        ),
        (EventKind::PermitEndsIn60Days, _) => permit!("60 hari" / "60 days"),
        (EventKind::PermitEndsIn30Days, _) => permit!("30 hari" / "30 days"),
        (EventKind::PermitEndsIn7Days, _) => permit!("7 hari" / "7 days"),
        (kind @ (EventKind::CheckDisputed | EventKind::DisputeAnswered | EventKind::DisputeUnanswered), _) => {
            of_dispute(kind)
        }
        (
            kind @ (EventKind::CorrectionOpened
            | EventKind::CorrectionMoved
            | EventKind::CorrectionResolved
            | EventKind::CorrectionDue
            | EventKind::CorrectionRefused
            | EventKind::CorrectionWithdrawn
            | EventKind::CorrectionLapsed
            | EventKind::SpellingAgreed),
            _,
        ) => of_correction(kind),
        (EventKind::CopyMade, _) => words!(
            "Salinan data KTP Digital Anda diminta" / "A copy of your digital KTP's data was asked for",
            "Salinan data Anda diambil di aplikasi dengan PIN, atau disetujui untuk dicetak di loket setelah dua petugas mencocokkan wajah."
                / "A copy of your data was taken in the app with the PIN, or granted to be printed at a counter after two officers compared the face.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan. Bila bukan, blokir lewat tautan di bawah, lalu datanglah ke loket Dukcapil."
                / "If it was you, nothing else needs to be done. If not, block with the link below, then go to a Dukcapil counter."
        ),
        (kind @ (EventKind::CardIssued | EventKind::CardVoided), _) => of_card(kind),
        (EventKind::Stopped, Some(reason)) => of_stop(reason),
        (EventKind::Stopped, None) => of_stop(Reason::OfficerBlock),
    }
}

/// The words of a notice: what was closed at a counter was not closed with the PIN, and no link blocks what has ended.
pub(super) const fn of_notice(kind: EventKind, reason: Option<Reason>, at_office: bool) -> Words {
    match (kind, reason) {
        (EventKind::Stopped, Some(Reason::Closed | Reason::ConsentWithdrawn)) if at_office => words!(
            "KTP Digital Anda ditutup" / "Your digital KTP was closed",
            "KTP Digital Anda ditutup di loket Dukcapil atas permintaan pemiliknya; KTP-el Anda tetap berlaku. Datanya dihapus sesudah 24 jam."
                / "Your digital KTP was closed at a Dukcapil counter as its holder asked; your KTP-el stays valid. Its data are erased after 24 hours.",
            "Bukan Anda? Datanglah ke loket Dukcapil dengan KTP-el dan sebutkan nomor di atas; fotonya disimpan 30 hari. Anda dapat mendaftar lagi kapan saja."
                / "Not you? Go to a Dukcapil counter with your KTP-el and name the reference above; the photo is kept for 30 days. You can register again at any time."
        ),
        (kind, reason) => of(kind, reason),
    }
}

/// Which addresses it is about, only the app says.
const fn of_contact(kind: EventKind) -> Words {
    match kind {
        EventKind::ContactAsked => words!(
            "Alamat surel KTP Digital Anda akan diganti" / "The e-mail address of your digital KTP is to change",
            "Seseorang yang mengetahui PIN Anda meminta alamat surel lain untuk KTP Digital Anda. Alamat itu berlaku paling cepat 24 jam lagi."
                / "Somebody who knows your PIN asked for another e-mail address for your digital KTP. It counts in 24 hours at the earliest.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan. Bila bukan, tekan tautan di bawah: alamat Anda tidak jadi diganti."
                / "If it was you, nothing else needs to be done. If not, press the link below: your address will stay as it is."
        ),
        EventKind::ContactChanged => words!(
            "Alamat surel KTP Digital Anda sudah diganti" / "The e-mail address of your digital KTP was changed",
            "Pemberitahuan tentang KTP Digital Anda sekarang dikirim ke alamat surel yang baru; selama 7 hari juga ke alamat yang lama."
                / "Messages about your digital KTP now go to the new e-mail address; for 7 days also to the one before.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan." / "If it was you, nothing else needs to be done."
        ),
        EventKind::ContactChangedAtCounter => words!(
            "Alamat surel KTP Digital Anda diganti di loket"
                / "The e-mail address of your digital KTP was changed at a counter",
            "Dua petugas di loket Dukcapil mencocokkan wajah, lalu mengganti alamat surel KTP Digital Anda. Alamat yang lama masih diberi tahu selama 7 hari."
                / "At a Dukcapil counter two officers compared the face, then changed the e-mail address of your digital KTP. The one before is still told for 7 days.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan. Bila bukan, tekan tautan di bawah: KTP Digital diblokir. Alamat tidak kembali dengan itu; datanglah ke loket dengan KTP-el."
                / "If it was you, nothing else needs to be done. If not, press the link below: the digital KTP is blocked. That does not bring the address back; go to a counter with your KTP-el."
        ),
        _ => words!(
            "Alamat surel KTP Digital Anda tetap" / "The e-mail address of your digital KTP stays",
            "Penggantian alamat surel KTP Digital Anda dihentikan; alamat Anda tetap."
                / "The change of the e-mail address of your digital KTP was stopped; your address stays.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan." / "If it was you, nothing else needs to be done."
        ),
    }
}

/// What was ended is said: a closure, or a block.
const fn of_start(ended: Option<Reason>) -> Words {
    match ended {
        Some(Reason::Closed) => words!(
            "KTP Digital Anda dibuka kembali" / "Your digital KTP is open again",
            "Penutupan KTP Digital Anda dibatalkan dengan PIN di ponsel yang sama; datanya tidak jadi dihapus."
                / "The closure of your digital KTP was undone with the PIN on the same phone; its data will not be erased.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan. Kartu cetak yang gugur dapat dicetak lagi di loket."
                / "If it was you, nothing else needs to be done. A printed card that became void can be printed again at a counter."
        ),
        _ => words!(
            "KTP Digital Anda aktif kembali" / "Your digital KTP is active again",
            "Blokir KTP Digital Anda sudah dibuka." / "The block of your digital KTP was lifted.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan." / "If it was you, nothing else needs to be done."
        ),
    }
}

/// Which check and which relying party it is about, only the app says.
const fn of_dispute(kind: EventKind) -> Words {
    match kind {
        EventKind::DisputeAnswered => words!(
            "Laporan pemeriksaan Anda dijawab" / "Your report of a check was answered",
            "Lembaga yang memeriksa KTP Digital Anda menjawab laporan Anda."
                / "The organisation that checked your digital KTP answered your report.",
            "Buka aplikasi, lalu baca jawabannya pada riwayat. Bila Anda tetap curiga, blokir KTP Digital Anda."
                / "Open the app and read the answer in the history. If you are still suspicious, block your digital KTP."
        ),
        EventKind::DisputeUnanswered => words!(
            "Laporan pemeriksaan Anda tidak dijawab" / "Your report of a check was not answered",
            "Lembaga yang memeriksa KTP Digital Anda tidak menjawab laporan Anda dalam 10 hari kerja."
                / "The organisation that checked your digital KTP did not answer your report within 10 working days.",
            "Bila Anda curiga, blokir KTP Digital Anda, atau datanglah ke loket Dukcapil dengan KTP-el."
                / "If you are suspicious, block your digital KTP, or go to a Dukcapil counter with your KTP-el."
        ),
        _ => words!(
            "Anda melaporkan sebuah pemeriksaan" / "You reported a check that you do not know",
            "Dari aplikasi Anda dilaporkan bahwa Anda tidak mengenal sebuah pemeriksaan KTP Digital Anda. Lembaga itu diminta menjawab dalam 10 hari kerja."
                / "Your app reported that you do not know a check of your digital KTP. The organisation is asked to answer within 10 working days.",
            "Jawabannya akan tampil di aplikasi. Bila Anda curiga, blokir KTP Digital Anda."
                / "The answer will stand in the app. If you are suspicious, block your digital KTP."
        ),
    }
}

/// Which data it is about, only the app says.
const fn of_correction(kind: EventKind) -> Words {
    match kind {
        EventKind::CorrectionMoved => words!(
            "Kasus data Anda berlanjut" / "Your correction case goes on",
            "Kantor Dukcapil melanjutkan kasus ketidaksesuaian data Anda."
                / "The Dukcapil office took your correction case a step further.",
            "Buka aplikasi: di sana tertulis apakah ada yang perlu Anda bawa."
                / "Open the app: it says whether there is something to bring."
        ),
        EventKind::CorrectionResolved => words!(
            "Siap dilanjutkan" / "Ready: you can go on",
            "Database kependudukan sekarang sama dengan data Anda; kasus Anda selesai."
                / "The population register now agrees with your data; your case is closed.",
            "Buka aplikasi, lalu periksa data Anda." / "Open the app and look at your data."
        ),
        EventKind::CorrectionDue => words!(
            "Kasus data Anda menunggu Anda" / "Your correction case waits for you",
            "Kasus ketidaksesuaian data Anda berakhir dalam 14 hari atau kurang, dan masih menunggu Anda."
                / "Your correction case ends in 14 days or less, and still waits for you.",
            "Buka aplikasi: di sana tertulis apa yang dibawa, ke mana, dan sampai kapan. Tidak perlu lagi? Tarik kasusnya di aplikasi."
                / "Open the app: it says what to bring, where, and until when. Not needed any more? Take the case back in the app."
        ),
        EventKind::CorrectionWithdrawn => words!(
            "Kasus data Anda ditarik" / "Your correction case was taken back",
            "Dari aplikasi Anda kasus ketidaksesuaian data Anda ditarik; kantor Dukcapil tidak melanjutkannya."
                / "From your app your correction case was taken back; the Dukcapil office does not go on with it.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan. Bila datanya masih keliru, buka kasus baru."
                / "If it was you, nothing else needs to be done. If the data are still wrong, open a new case."
        ),
        EventKind::CorrectionRefused => words!(
            "Kasus data Anda ditolak" / "Your correction case was refused",
            "Kantor Dukcapil menolak kasus ketidaksesuaian data Anda."
                / "The Dukcapil office refused your correction case.",
            "Alasannya tertulis di aplikasi. Anda dapat membuka kasus baru atau bertanya di loket Dukcapil."
                / "The app says why. You can open a new case, or ask at a Dukcapil counter."
        ),
        EventKind::CorrectionLapsed => words!(
            "Kasus data Anda berakhir" / "Your correction case has ended",
            "Dalam 90 hari database kependudukan tidak berubah; kasus Anda berakhir."
                / "The population register did not change within 90 days; your case has ended.",
            "Bila datanya masih keliru, datanglah ke loket Dukcapil dengan KTP-el dan KK, atau buka kasus baru."
                / "If the data are still wrong, go to a Dukcapil counter with KTP-el and family card, or open a new case."
        ),
        EventKind::SpellingAgreed => words!(
            "Ejaan nama disetujui" / "The spelling of the name was agreed to",
            "Saat mendaftar disetujui bahwa KTP Digital memuat nama seperti ejaan database kependudukan."
                / "When registering it was agreed that the digital KTP shows the name as the population register spells it.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan." / "If it was you, nothing else needs to be done."
        ),
        _ => words!(
            "Kasus data Anda dibuka" / "A correction case of yours was opened",
            "Dari aplikasi atau kantor Dukcapil dibuka kasus ketidaksesuaian data tentang KTP Digital Anda."
                / "From your app or a Dukcapil office a correction case about your digital KTP was opened.",
            "Buka aplikasi: di sana tertulis apa yang dibawa dan ke mana."
                / "Open the app: it says what to bring and where."
        ),
    }
}

const fn of_card(kind: EventKind) -> Words {
    match kind {
        EventKind::CardVoided => words!(
            "Kartu cetak KTP Digital Anda tidak berlaku lagi" / "Your printed card is no longer valid",
            "Kartu cetak KTP Digital Anda yang lama tidak berlaku lagi."
                / "An earlier printed card of your digital KTP is no longer valid.",
            "Musnahkan kartu itu. Kartu baru dapat dicetak di loket Dukcapil."
                / "Destroy that card. A new one can be printed at a Dukcapil counter."
        ),
        _ => words!(
            "Kartu cetak KTP Digital Anda diterbitkan" / "A card of your digital KTP was printed",
            "Di loket Dukcapil dicetak kartu KTP Digital Anda, setelah dua petugas mencocokkan wajah Anda."
                / "At a Dukcapil counter a card of your digital KTP was printed, after two officers compared your face.",
            "Bila itu Anda, tidak ada lagi yang perlu dilakukan. Bila bukan, tekan tautan di bawah: kartu itu langsung tidak berlaku."
                / "If it was you, nothing else needs to be done. If not, press the link below: the card is void at once."
        ),
    }
}

const fn of_stop(reason: Reason) -> Words {
    match reason {
        Reason::SelfBlock | Reason::OfficerBlock | Reason::RegisterDuplicate => words!(
            "KTP Digital Anda diblokir" / "Your digital KTP is blocked",
            "KTP Digital Anda diblokir dan tidak dapat dipakai." / "Your digital KTP is blocked and cannot be used.",
            "Untuk memakainya lagi, datanglah ke loket Dukcapil dengan KTP-el."
                / "To use it again, go to a Dukcapil counter with your KTP-el."
        ),
        Reason::OfficerBlockProvisional => words!(
            "KTP Digital Anda diblokir sementara" / "Your digital KTP is blocked for now",
            "Petugas memblokir KTP Digital Anda atas permintaan lewat telepon, paling lama 72 jam."
                / "An officer blocked your digital KTP at a caller's request, for 72 hours at most.",
            "Bila Anda yang meminta, tekan tautan di bawah agar tetap diblokir. Bila bukan, buka blokir di aplikasi dengan PIN."
                / "If you asked for it, press the link below to keep it blocked. If not, lift the block in the app with your PIN."
        ),
        Reason::PinExhausted => words!(
            "PIN KTP Digital Anda diblokir" / "The PIN of your digital KTP is blocked",
            "PIN salah sembilan kali; KTP Digital Anda diblokir."
                / "The PIN was wrong nine times; your digital KTP is blocked.",
            "Tekan \"Lupa PIN\" di aplikasi, lalu datanglah ke loket Dukcapil dengan KTP-el."
                / "Press \"Forgot the PIN\" in the app, then go to a Dukcapil counter with your KTP-el."
        ),
        Reason::Superseded => words!(
            "KTP Digital Anda digantikan" / "Your digital KTP makes way for a new one",
            "Dua petugas mengakhiri KTP Digital Anda di ponsel lama agar dapat diaktifkan di ponsel baru."
                / "Two officers ended your digital KTP on the old phone so that it can be activated on a new one.",
            "Bila itu Anda, lanjutkan di ponsel baru. Bila bukan, tekan tautan di bawah: tidak akan ada yang diaktifkan."
                / "If it was you, go on with the new phone. If not, press the link below: nothing will be activated."
        ),
        Reason::RegisterChanged => words!(
            "KTP Digital Anda menunggu kepastian Anda" / "Your digital KTP waits for you to confirm it",
            "Database kependudukan mengubah data yang menunjukkan siapa Anda; KTP Digital Anda dijeda sampai Anda memastikannya."
                / "The population register changed data that tell who you are; your digital KTP pauses until you confirm them.",
            "Buka aplikasi, lihat perubahannya dengan PIN, lalu pastikan dalam 30 hari. Bila bukan data Anda, datanglah ke loket Dukcapil dengan KTP-el."
                / "Open the app, look at the changes with your PIN, and confirm them within 30 days. If they are not yours, go to a Dukcapil counter with your KTP-el."
        ),
        Reason::RegisterCorrected => words!(
            "KTP Digital Anda dapat dibuka lagi" / "Your digital KTP can come back",
            "Database kependudukan sudah diperbaiki. KTP Digital Anda masih diblokir sampai dua petugas membukanya."
                / "The population register was put right. Your digital KTP stays blocked until two officers lift that.",
            "Buka aplikasi, lalu datanglah ke loket Dukcapil dengan KTP-el; ponsel yang sama dapat dipakai lagi."
                / "Open the app and go to a Dukcapil counter with your KTP-el; the same phone can be used again."
        ),
        Reason::Annulled => words!(
            "KTP Digital ini dibatalkan" / "This digital KTP was annulled",
            "Aktivasi KTP Digital ini dibatalkan oleh dua petugas, karena bukan pemilik identitas yang mengaktifkannya. KTP Digital ini tidak berlaku lagi."
                / "Two officers annulled the activation of this digital KTP, because it was not activated by whose identity it is. It no longer counts.",
            "Bila identitas ini milik Anda, datanglah ke loket Dukcapil dengan KTP-el; Anda dapat mendaftar lagi."
                / "If this identity is yours, go to a Dukcapil counter with your KTP-el; you can register again."
        ),
        Reason::RegisterDeceased | Reason::RegisterLeft | Reason::Deceased | Reason::Emigrated => {
            words!(
                "KTP Digital dihentikan" / "The digital KTP was stopped",
                "KTP Digital ini dihentikan menurut database kependudukan."
                    / "This digital KTP was stopped according to the population register.",
                "Bila ini keliru, datanglah ke loket Dukcapil dengan KTP-el."
                    / "If this is a mistake, go to a Dukcapil counter with the KTP-el."
            )
        }
        Reason::Closed => words!(
            "KTP Digital Anda ditutup" / "Your digital KTP was closed",
            "KTP Digital Anda ditutup atas permintaan Anda; KTP-el Anda tetap berlaku. Datanya dihapus sesudah 24 jam."
                / "Your digital KTP was closed as you asked; your KTP-el stays valid. Its data are erased after 24 hours.",
            "Ditutup dengan PIN? Selama 24 jam itu dapat dibatalkan di ponsel yang sama. Sesudahnya Anda dapat mendaftar lagi kapan saja."
                / "Closed with the PIN? For these 24 hours it can be undone on the same phone. Afterwards you can register again at any time."
        ),
        Reason::ConsentWithdrawn => words!(
            "KTP Digital Anda ditutup" / "Your digital KTP was closed",
            "KTP Digital Anda ditutup dan persetujuan Anda dicabut, seperti yang Anda minta; KTP-el Anda tetap berlaku. Datanya dihapus sesudah 24 jam."
                / "Your digital KTP was closed and your consent withdrawn, as you asked; your KTP-el stays valid. Its data are erased after 24 hours.",
            "Anda dapat mendaftar lagi kapan saja." / "You can register again at any time."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_told_in_both_languages_with_a_next_step() {
        for kind in EventKind::ALL {
            let reasons = Reason::ALL.iter().copied().map(Some).chain([None]);
            for words in reasons.map(|reason| of(*kind, reason)) {
                for text in [words.title, words.what, words.next] {
                    assert!(text.id != text.en && text.id.len() > 15 && text.en.len() > 15, "{kind:?}: {text:?}");
                }
                assert!(words.title.id.is_ascii() && words.title.en.is_ascii(), "a subject needs no encoding");
            }
        }
    }
}
