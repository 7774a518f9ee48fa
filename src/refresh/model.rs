//! What differs between two records, and what that means. Pure.

use serde::{Deserialize, Serialize};

use crate::clock::DAY;
use crate::holder::Reason;
use crate::holder::model::CONFIRM_SECONDS;
use crate::register::{Nationality, RegisterRecord, VitalStatus};
use crate::secret::Redacted;

/// Seconds for which changes are told as one: what was shown before the first of them.
pub const TOGETHER_SECONDS: i64 = CONFIRM_SECONDS;
/// Seconds for which it is kept what was shown before.
pub const KEEP_SECONDS: i64 = 90 * DAY;
/// For what the register alone stops a digital KTP, and takes that back.
pub const REGISTER_STOPS: &[Reason] = &[Reason::RegisterDeceased, Reason::RegisterLeft];

/// An element of the KTP-el that the register changed, by the name that it has in files and in the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub field: &'static str,
    /// What was shown; none where nothing was, and for the portrait.
    pub before: Option<Redacted<String>>,
    /// What is shown now.
    pub after: Option<Redacted<String>>,
}

impl Change {
    /// Whether it is about who somebody is: the holder confirms it, and nobody checks anything until then.
    pub fn identifies(&self) -> bool {
        matches!(self.field, "full_name" | "birth_date" | "sex" | "nationality" | "portrait")
    }
}

/// What is kept of before.
#[derive(Clone, Serialize, Deserialize)]
pub struct Former {
    /// The elements.
    pub record: RegisterRecord,
    /// Whether the portrait is another one now. The one before is not kept.
    pub portrait_changed: bool,
}

/// The elements that differ, in the order of the card.
pub fn changes(before: &RegisterRecord, after: &RegisterRecord, portrait_changed: bool) -> Vec<Change> {
    let text = |text: &str| Some(text.to_owned());
    let pairs = [
        ("full_name", text(&before.full_name), text(&after.full_name)),
        ("birth_place", text(&before.birth_place), text(&after.birth_place)),
        ("birth_date", Some(before.birth_date.to_string()), Some(after.birth_date.to_string())),
        ("sex", text(before.sex.code()), text(after.sex.code())),
        ("blood_type", text(before.blood_type_label()), text(after.blood_type_label())),
        ("address", text(&before.address), text(&after.address)),
        ("rt_rw", Some(before.rt_rw()), Some(after.rt_rw())),
        ("village", text(&before.village), text(&after.village)),
        ("district", text(&before.district), text(&after.district)),
        ("regency", text(&before.regency), text(&after.regency)),
        ("province", text(&before.province), text(&after.province)),
        ("religion", text(before.religion.code()), text(after.religion.code())),
        ("marital_status", text(before.marital_status.code()), text(after.marital_status.code())),
        ("occupation", text(&before.occupation), text(&after.occupation)),
        ("nationality", text(before.nationality.code()), text(after.nationality.code())),
        ("valid_until", Some(before.valid_until_label()), Some(after.valid_until_label())),
        ("issued_place", text(&before.issued_place), text(&after.issued_place)),
        ("issued_on", before.issued_on.map(|on| on.to_string()), after.issued_on.map(|on| on.to_string())),
        ("vital_status", text(before.vital_status.code()), text(after.vital_status.code())),
    ];
    let differing = pairs.into_iter().filter(|(_, before, after)| before != after);
    let mut found: Vec<_> = differing
        .map(|(field, before, after)| Change { field, before: before.map(Redacted), after: after.map(Redacted) })
        .collect();
    if portrait_changed {
        found.push(Change { field: "portrait", before: None, after: None });
    }
    found
}

/// For what reason this record stops a digital KTP. Who moved abroad and is a citizen keeps it: citizens abroad have the same NIK, and
/// need it there. Who is no citizen any more and lives abroad is neither a citizen nor a resident.
pub fn stop_of(record: &RegisterRecord) -> Option<Reason> {
    match (record.vital_status, record.nationality) {
        (VitalStatus::Deceased, _) => Some(Reason::RegisterDeceased),
        (VitalStatus::Emigrated, Nationality::Foreign) => Some(Reason::RegisterLeft),
        (VitalStatus::Emigrated, Nationality::Indonesian) | (VitalStatus::Alive, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::model::tests::siti;
    use crate::register::{Date, MaritalStatus, Sex};

    #[test]
    fn every_element_but_the_nik_is_compared_and_five_tell_who_somebody_is() {
        let before = siti();
        assert_eq!(changes(&before, &before, false), []);
        let changed = |change: &dyn Fn(&mut RegisterRecord)| {
            let mut after = siti();
            change(&mut after);
            let found = changes(&before, &after, false);
            assert_eq!(found.len(), 1, "{found:?}");
            (found[0].field, found[0].identifies())
        };
        assert_eq!(changed(&|record| record.full_name = "SITI AMINAH".into()), ("full_name", true));
        assert_eq!(changed(&|record| record.birth_date = Date::new(1990, 8, 18).unwrap()), ("birth_date", true));
        assert_eq!(changed(&|record| record.sex = Sex::Male), ("sex", true));
        assert_eq!(changed(&|record| record.nationality = Nationality::Foreign), ("nationality", true));
        assert_eq!(changed(&|record| record.address = "JL. BARU".into()), ("address", false));
        assert_eq!(changed(&|record| record.rw = "099".into()), ("rt_rw", false));
        assert_eq!(changed(&|record| record.marital_status = MaritalStatus::Widowed), ("marital_status", false));
        assert_eq!(changed(&|record| record.vital_status = VitalStatus::Emigrated), ("vital_status", false));
        let portrait = changes(&before, &before, true);
        assert!(portrait[0].field == "portrait" && portrait[0].identifies());
        assert!(
            !format!("{:?}", changes(&before, &RegisterRecord { full_name: "X".into(), ..siti() }, false))
                .contains("SITI")
        );
    }

    #[test]
    fn the_dead_are_stopped_and_citizens_abroad_are_not() {
        let of = |vital_status, nationality| stop_of(&RegisterRecord { vital_status, nationality, ..siti() });
        for nationality in [Nationality::Indonesian, Nationality::Foreign] {
            assert_eq!(of(VitalStatus::Deceased, nationality), Some(Reason::RegisterDeceased));
            assert_eq!(of(VitalStatus::Alive, nationality), None);
        }
        assert_eq!(of(VitalStatus::Emigrated, Nationality::Indonesian), None);
        assert_eq!(of(VitalStatus::Emigrated, Nationality::Foreign), Some(Reason::RegisterLeft));
    }
}
