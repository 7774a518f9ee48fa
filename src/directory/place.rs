//! Where something stands among what was found. A page goes on after a place, not after a row: what was hidden, renamed or added since the
//! page before ends no list and repeats nothing.

use std::borrow::Cow;

use uuid::Uuid;

use crate::base64url::{decode, encode};
use crate::page::{Page, Position};

/// Bytes of the longest text of a place: name, address and regency of a branch.
const MOST_TEXT: usize = 2_048;

/// A place in a list: better fits come first, equal ones in the order of their texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'a> {
    /// How well it fits; 0 is best.
    pub(super) rank: u8,
    /// By what equally good ones are told.
    pub(super) text: Cow<'a, str>,
    /// What tells equal texts apart.
    pub(super) id: Uuid,
}

impl Place<'static> {
    /// Before everything.
    pub(super) const FIRST: Self = Self { rank: 0, text: Cow::Borrowed(""), id: Uuid::nil() };
}

impl Position for Place<'_> {
    fn to_cursor(&self) -> String {
        encode(&[&[self.rank][..], self.id.as_bytes(), self.text.as_bytes()].concat())
    }

    fn from_cursor(cursor: &str) -> Option<Self> {
        let bytes = decode(cursor)?;
        let (&rank, rest) = bytes.split_first()?;
        let (id, text) = rest.split_first_chunk::<16>()?;
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= MOST_TEXT)?;
        Some(Self { rank, text: Cow::Owned(text.to_owned()), id: Uuid::from_bytes(*id) })
    }
}

/// The page after a place of what was found, in the order of its places.
pub(super) fn page_after<'a, T>(
    found: impl IntoIterator<Item = (Place<'a>, T)>,
    after: &Place<'_>,
    limit: i64,
) -> Page<T> {
    let more = usize::try_from(limit.saturating_add(1)).unwrap_or(usize::MAX);
    let rows = found.into_iter().filter(|(place, _)| place > after).take(more).collect();
    Page::new(rows, limit, |(place, _): &(Place<'a>, T)| place.clone()).map(|(_, row)| row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(rank: u8, text: &str, id: u128) -> Place<'_> {
        Place { rank, text: text.into(), id: Uuid::from_u128(id) }
    }

    #[test]
    fn a_page_goes_on_although_its_last_row_was_hidden() {
        let all = [place(0, "a", 3), place(0, "b", 1), place(0, "b", 2), place(1, "a", 4)];
        let page = |gone: &[u128], after: &Place<'_>| {
            let left = all.iter().filter(|place| !gone.contains(&place.id.as_u128()));
            let page = page_after(left.map(|place| (place.clone(), place.id.as_u128())), after, 2);
            (page.items, page.next.map(|next| Place::from_cursor(&next).unwrap()))
        };
        assert_eq!(page(&[], &Place::FIRST), (vec![3, 1], Some(all[1].clone())));
        assert_eq!(page(&[], &all[1]), (vec![2, 4], None));
        assert_eq!(page(&[1], &all[1]), (vec![2, 4], None), "the last row of the page before is hidden");
        assert_eq!(page(&[3, 1, 2], &all[1]), (vec![4], None));
        assert_eq!(page(&[], &all[3]), (Vec::new(), None));
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let one = place(7, " kcp seririt", 9);
        assert_eq!(Place::from_cursor(&one.to_cursor()), Some(one));
        for wrong in ["", "x", &encode(&[0; 16]), &encode(&[0xff; 18]), &encode(&[b'a'; 17 + MOST_TEXT + 1])] {
            assert_eq!(Place::from_cursor(wrong), None, "{wrong}");
        }
    }
}
