//! The kinds of cases, and the one table of what each asks of whom: pages, answers and documentation speak from it. Pure.

use super::{Field, Opener};
use crate::error::Text;
use crate::text_column;

/// What is wrong.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = CorrectionKind)]
pub enum Kind {
    /// The resident mistyped: they type it again.
    TypingError,
    /// The register has a clerical mistake (*pembetulan*).
    RegisterMisspelling,
    /// The name was changed by a court.
    NameChange,
    /// Another element of the KTP-el changed.
    ElementChange,
    /// The register does not answer for the NIK (*konsolidasi*).
    NikNotOnline,
    /// Two people have one NIK, or data of somebody else stand under it.
    DuplicateNik,
    /// A living person stands in the register as dead.
    WrongDeath,
    /// The portrait is no longer like the holder.
    PortraitOld,
}
text_column!(Kind);

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CorrectionActor)]
pub enum Actor {
    /// The resident alone.
    Resident,
    /// The office.
    Office,
    /// The office, by two people.
    TwoPersons,
}

/// What a kind asks of whom.
#[derive(Clone, Copy, Debug)]
pub struct Guide {
    /// What it is called.
    pub title: Text,
    /// What is to be done.
    pub act: Text,
    /// The service at the office that does it.
    pub service: Text,
    /// Who acts.
    pub actor: Actor,
    /// What the resident brings.
    pub documents: &'static [Text],
    /// Working days in which the present step is expected to be done, once the documents are there.
    pub working_days: i64,
}

/// What is brought to every counter.
const KTP_EL: Text = Text::new("KTP-el", "KTP-el");
/// The family card.
const KK: Text = Text::new("Kartu Keluarga (KK)", "Family card (KK)");
const BIRTH_CERTIFICATE: Text = Text::new("Kutipan akta kelahiran", "Birth certificate");
const AUTHENTIC_DOCUMENT: Text = Text::new(
    "Dokumen autentik dengan tulisan yang benar: akta kelahiran, buku nikah, atau ijazah",
    "An authentic document with the right spelling: birth certificate, marriage book or diploma",
);
const COURT_ORDER: Text = Text::new("Salinan penetapan pengadilan negeri", "Copy of the district court's order");
const EVIDENCE: Text = Text::new(
    "Bukti perubahan: buku nikah, akta cerai, ijazah, atau surat keterangan",
    "Evidence of the change: marriage book, divorce certificate, diploma or a written statement",
);
const STATEMENT: Text =
    Text::new("Surat keterangan dari RT/RW atau kelurahan/desa", "A statement of the neighbourhood or the village");

impl Kind {
    /// All kinds.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// What it asks of whom. Documents follow Perpres 96/2018, the form and the clerical correction Permendagri 108 and 109/2019, the
    /// thirty days of a court order UU 24/2013 art. 52. The working days are expected, not promised by any law.
    pub const fn guide(self) -> Guide {
        match self {
            Self::TypingError => Guide {
                title: Text::new("Salah ketik saat mendaftar", "Mistyped when registering"),
                act: Text::new(
                    "Ketik ulang nama dan tanggal lahir persis seperti pada KTP-el.",
                    "Type name and birth date again, exactly as on the KTP-el.",
                ),
                service: Text::new("Pendaftaran di aplikasi ini", "The registration in this app"),
                actor: Actor::Resident,
                documents: &[KTP_EL],
                working_days: 0,
            },
            Self::RegisterMisspelling => Guide {
                title: Text::new("Salah tulis di data kependudukan", "A clerical mistake in the register"),
                act: Text::new(
                    "Minta pembetulan data; tidak perlu penetapan pengadilan.",
                    "Ask for a clerical correction; no court order is needed.",
                ),
                service: Text::new("Pembetulan data (F-1.06)", "Clerical correction (form F-1.06)"),
                actor: Actor::Office,
                documents: &[KTP_EL, KK, AUTHENTIC_DOCUMENT],
                working_days: 3,
            },
            Self::NameChange => Guide {
                title: Text::new("Ganti nama", "A change of name"),
                act: Text::new(
                    "Catatkan perubahan nama dengan penetapan pengadilan, paling lambat 30 hari sesudah menerimanya.",
                    "Have the change of name recorded with the court order, within 30 days of receiving it.",
                ),
                service: Text::new("Pencatatan perubahan nama", "Recording of a change of name"),
                actor: Actor::Office,
                documents: &[COURT_ORDER, BIRTH_CERTIFICATE, KTP_EL, KK],
                working_days: 5,
            },
            Self::ElementChange => Guide {
                title: Text::new("Data lain berubah", "Another element changed"),
                act: Text::new(
                    "Isi formulir F-1.06 dan lampirkan bukti perubahan.",
                    "Fill in form F-1.06 and bring evidence of the change.",
                ),
                service: Text::new("Perubahan biodata (F-1.06)", "Change of personal data (form F-1.06)"),
                actor: Actor::Office,
                documents: &[KTP_EL, KK, EVIDENCE],
                working_days: 3,
            },
            _ => self.guide_of_identity(),
        }
    }

    const fn guide_of_identity(self) -> Guide {
        match self {
            Self::NikNotOnline => Guide {
                title: Text::new("NIK belum terbaca", "The NIK is not found"),
                act: Text::new(
                    "Minta konsolidasi data agar NIK terbaca di pusat.",
                    "Ask for a consolidation, so that the NIK is found nationally.",
                ),
                service: Text::new("Konsolidasi data", "Consolidation of data"),
                actor: Actor::Office,
                documents: &[KTP_EL, KK],
                working_days: 5,
            },
            Self::DuplicateNik => Guide {
                title: Text::new("NIK dipakai orang lain", "Somebody else's data under the NIK"),
                act: Text::new(
                    "Datang sendiri; dua petugas mencocokkan Anda dan meneruskannya untuk penyelesaian NIK ganda.",
                    "Come in person; two officers compare you and pass it on to be settled.",
                ),
                service: Text::new("Penyelesaian NIK ganda", "Settling of a double NIK"),
                actor: Actor::TwoPersons,
                documents: &[KTP_EL, KK, BIRTH_CERTIFICATE],
                working_days: 14,
            },
            Self::WrongDeath => Guide {
                title: Text::new("Tercatat meninggal padahal hidup", "Recorded as dead, though alive"),
                act: Text::new(
                    "Datang sendiri; dua petugas mencocokkan Anda dan meneruskannya agar catatan kematian dibatalkan.",
                    "Come in person; two officers compare you and pass it on, so that the death is struck out.",
                ),
                service: Text::new("Pembatalan catatan kematian", "Striking out of a recorded death"),
                actor: Actor::TwoPersons,
                documents: &[KTP_EL, KK, STATEMENT],
                working_days: 14,
            },
            // Those of the clerical kinds stand above.
            _ => Guide {
                title: Text::new("Foto sudah lama", "The portrait is old"),
                act: Text::new("Minta perekaman foto ulang.", "Have a new portrait taken."),
                service: Text::new("Perekaman ulang KTP-el", "New recording for the KTP-el"),
                actor: Actor::Office,
                documents: &[KTP_EL],
                working_days: 3,
            },
        }
    }

    /// Whether one person alone cannot pass it on. Where a data officer will be a role of its own, the second person is to be that one.
    pub const fn takes_two(self) -> bool {
        matches!(self.guide().actor, Actor::TwoPersons)
    }

    /// Whether it is about who the resident says they are: name and birth date.
    pub const fn is_of_the_person(self) -> bool {
        matches!(self, Self::TypingError | Self::RegisterMisspelling | Self::NameChange | Self::DuplicateNik)
    }

    /// Whether it can be opened so.
    pub const fn may_be_opened_by(self, opener: Opener) -> bool {
        match opener {
            Opener::Officer => true,
            // Who mistyped registers again, from the same phone and at once.
            Opener::Registrant => matches!(
                self,
                Self::RegisterMisspelling
                    | Self::NameChange
                    | Self::NikNotOnline
                    | Self::DuplicateNik
                    | Self::WrongDeath
            ),
            Opener::Holder => {
                matches!(self, Self::RegisterMisspelling | Self::NameChange | Self::ElementChange | Self::PortraitOld)
            }
            Opener::Objection => matches!(self, Self::DuplicateNik),
            Opener::Stopped => matches!(self, Self::WrongDeath),
        }
    }

    /// The elements that it can be about, beside those that it is always about; empty where nobody has to say which.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::TypingError | Self::RegisterMisspelling => &[Field::FullName, Field::BirthDate],
            Self::NameChange => &[Field::FullName],
            Self::ElementChange => &[
                Field::BirthPlace,
                Field::Sex,
                Field::BloodType,
                Field::Address,
                Field::Religion,
                Field::MaritalStatus,
                Field::Occupation,
                Field::Nationality,
            ],
            Self::PortraitOld => &[Field::Portrait],
            Self::NikNotOnline | Self::DuplicateNik | Self::WrongDeath => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_in_both_languages_what_to_do_and_what_to_bring() {
        for kind in Kind::ALL {
            let guide = kind.guide();
            let texts = [guide.title, guide.act, guide.service];
            assert!(texts.iter().all(|text| text.id != text.en && text.id.len() > 8 && text.en.len() > 8), "{kind:?}");
            assert!(guide.documents.iter().any(|document| document.id.starts_with("KTP-el")), "{kind:?}");
            assert!((0..=14).contains(&guide.working_days));
            assert_eq!(guide.actor == Actor::TwoPersons, matches!(kind, Kind::DuplicateNik | Kind::WrongDeath));
            assert!(kind.may_be_opened_by(Opener::Officer), "whoever stands at a counter finds a way on");
        }
        let titles: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.guide().title.id).collect();
        assert_eq!(titles.len(), Kind::ALL.len(), "each has words of its own");
    }
}
