//! What becomes of a digital KTP by what the stop log tells and the copy does not know. Pure.

use crate::holder::{Lift, Reason};
use crate::stop_log::{Entry, Kind};

/// What is to be done about one resident, all in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// It was started again: a stop that the copy knows is over.
    pub started: bool,
    /// The last stop, where nothing started it again.
    pub stop: Option<Stop>,
    /// It was activated, or moved to another phone: the copy has the phone before, or none. What was there before stays away.
    pub lost: Option<Kind>,
    /// Its holder has another PIN: the one in the copy must not open it.
    pub pin: bool,
    /// The highest generation that the log tells of: the next one comes after it, or another restoring would put events in a wrong order.
    pub number: i64,
    /// Cards were printed or voided: none that the copy knows counts.
    pub cards: bool,
}

/// A stop, as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Why.
    pub reason: Reason,
    /// The event.
    pub entry: Entry,
}

/// Why a digital KTP was stopped, as the log says; `None` for a word that this program does not know.
pub fn reason(entry: &Entry) -> Option<Reason> {
    entry.detail.as_deref().and_then(|word| word.parse().ok())
}

/// What all these entries about one resident come to. Each one that the log tells of had its effect: it was not refused for what was so
/// before, so the last one counts.
pub fn sum<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Fate {
    let mut entries: Vec<&Entry> = entries.into_iter().collect();
    entries.sort_by_key(|entry| entry.order());
    let mut sum = Fate::default();
    for entry in entries {
        sum.number = sum.number.max(entry.number);
        match entry.kind {
            Kind::Stopped => sum.stop = reason(entry).map(|reason| Stop { reason, entry: entry.clone() }),
            Kind::Restarted => {
                (sum.started, sum.stop) = (true, None);
                // At a counter a new PIN comes with it.
                sum.pin |= reason(entry).is_some_and(|ended| ended.lift() == Lift::Counter);
            }
            Kind::Activated | Kind::Moved => {
                (sum.lost, sum.stop) = (Some(entry.kind), None);
            }
            Kind::PinChanged => sum.pin = true,
            Kind::CardIssued | Kind::CardVoided => sum.cards = true,
            _ => {}
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn entry(number: i64, at: i64, kind: Kind, detail: Option<&str>) -> Entry {
        let note_id = Uuid::from_u128(at.unsigned_abs().into());
        let detail = detail.map(str::to_owned);
        Entry { note_id, subject_id: Uuid::nil(), kind, detail, number, at, until: None }
    }

    #[test]
    fn the_last_of_stops_and_starts_counts_in_the_order_of_generations_whatever_the_clocks_said() {
        let stopped = entry(2, 90, Kind::Stopped, Some("officer_block_provisional"));
        let started = entry(3, 50, Kind::Restarted, Some("officer_block_provisional"));
        let again = entry(4, 10, Kind::Stopped, Some("self_block"));
        let lifted = sum([&started, &stopped]);
        assert_eq!(lifted, Fate { started: true, number: 3, ..Fate::default() });
        let blocked = sum([&again, &started, &stopped]);
        assert_eq!(blocked.stop, Some(Stop { reason: Reason::SelfBlock, entry: again.clone() }));
        assert!(blocked.started && !blocked.pin);
    }

    #[test]
    fn a_later_reason_counts_though_it_is_weaker_because_it_was_eased() {
        let dead = entry(5, 1, Kind::Stopped, Some("register_deceased"));
        let eased = entry(5, 2, Kind::Stopped, Some("register_corrected"));
        assert_eq!(sum([&dead, &eased]).stop.map(|stop| stop.reason), Some(Reason::RegisterCorrected));
    }

    #[test]
    fn what_came_back_at_a_counter_has_another_pin_and_another_phone_is_lost() {
        let lifted = entry(3, 1, Kind::Restarted, Some("self_block"));
        assert!(sum([&lifted]).pin);
        let by_pin = entry(3, 1, Kind::Restarted, Some("register_changed"));
        assert!(!sum([&by_pin]).pin);
        let (stopped, activated) = (entry(2, 1, Kind::Stopped, Some("superseded")), entry(3, 2, Kind::Activated, None));
        let lost = sum([&stopped, &activated]);
        assert_eq!((lost.lost, lost.stop), (Some(Kind::Activated), None));
    }
}
