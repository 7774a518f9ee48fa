//! Lists in pages: a cursor says where the next page goes on, so that rows that come and go meanwhile are neither shown twice nor
//! left out.

use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::base64url::{decode_exact, encode};
use crate::clock::Timestamp;
use crate::error::{Code, Refusal};
use crate::vault::{Label, Vault};

/// Rows of a page at most.
pub const MOST: i64 = 100;

/// A page, and where the next one begins.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page; none on the last.
    pub next: Option<String>,
}

/// What a list is sorted by, each value once: where a row stands in it.
pub trait Position: Sized {
    /// The cursor to what comes after this row: base64url without padding.
    fn to_cursor(&self) -> String;
    /// The position of a cursor; none for a text that is no such cursor.
    fn from_cursor(cursor: &str) -> Option<Self>;
}

impl Position for Uuid {
    fn to_cursor(&self) -> String {
        encode(self.as_bytes())
    }

    fn from_cursor(cursor: &str) -> Option<Self> {
        decode_exact(cursor).map(Self::from_bytes)
    }
}

impl Position for i64 {
    fn to_cursor(&self) -> String {
        encode(&self.to_be_bytes())
    }

    fn from_cursor(cursor: &str) -> Option<Self> {
        decode_exact(cursor).map(Self::from_be_bytes)
    }
}

impl Position for (Timestamp, Uuid) {
    fn to_cursor(&self) -> String {
        encode(&[&self.0.micros().to_be_bytes()[..], self.1.as_bytes()].concat())
    }

    fn from_cursor(cursor: &str) -> Option<Self> {
        let bytes = decode_exact::<24>(cursor)?;
        let (at, id) = bytes.split_first_chunk::<8>()?;
        Some((Timestamp::from_micros(i64::from_be_bytes(*at)), Uuid::from_slice(id).ok()?))
    }
}

/// Where a page begins: after the position of the cursor, or at `start` without one.
///
/// # Errors
/// `malformed_request` for a cursor that was not given out here.
pub fn after<P: Position>(cursor: Option<&str>, start: P) -> Result<P, Refusal> {
    let Some(cursor) = cursor else { return Ok(start) };
    P::from_cursor(cursor).ok_or_else(|| Code::MalformedRequest.into())
}

/// What a cursor belongs to where a question is counted or noted once, with its first page: who asks, and what. A cursor that was made up,
/// given to somebody else or for something else goes on with nothing, or it would be a way to ask without being counted.
pub struct Question<'a> {
    vault: &'a Vault,
    day: [u8; 8],
    asked: Vec<&'a [u8]>,
}

/// Bytes of the code that binds a cursor.
const CODE: usize = 16;

impl<'a> Question<'a> {
    /// What is asked on the day of `now`, in parts: tomorrow it is another question, because today's was counted today.
    pub fn new(vault: &'a Vault, now: Timestamp, asked: Vec<&'a [u8]>) -> Self {
        Self { vault, day: now.day_in_jakarta().to_be_bytes(), asked }
    }

    /// As [`after`], for a cursor of this question.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out for it.
    pub fn after<P: Position>(&self, cursor: Option<&str>, start: P) -> Result<P, Refusal> {
        let Some(cursor) = cursor else { return Ok(start) };
        let (position, code) = cursor.split_once('.').ok_or(Code::MalformedRequest)?;
        let code = decode_exact::<CODE>(code).ok_or(Code::MalformedRequest)?;
        if !bool::from(self.code(position).ct_eq(&code)) {
            return Err(Code::MalformedRequest.into());
        }
        after(Some(position), start)
    }

    /// The page with its cursor bound to the question.
    pub fn bind<T>(&self, page: Page<T>) -> Page<T> {
        let next = page.next.map(|position| format!("{position}.{}", encode(&self.code(&position))));
        Page { next, ..page }
    }

    fn code(&self, position: &str) -> [u8; CODE] {
        let mut parts = self.asked.clone();
        parts.extend([&self.day[..], position.as_bytes()]);
        // Under the root of look-ups: a change of roots ends no list.
        let mac = self.vault.mac_index(Label::Cursor, &parts);
        std::array::from_fn(|at| mac[at])
    }
}

impl<T> Page<T> {
    /// A page of at most `limit` rows. One row more than that was asked for, which tells whether there is a next page.
    pub fn new<P: Position>(mut rows: Vec<T>, limit: i64, position: impl Fn(&T) -> P) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| position(row).to_cursor());
        Self { items: rows, next }
    }

    /// The same page of other rows.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DAY;

    #[test]
    fn a_cursor_leads_back_to_its_row() {
        let id = Uuid::from_u128(7);
        let at = Timestamp::from_micros(-3);
        assert_eq!(after(Some(&id.to_cursor()), Uuid::nil()).unwrap(), id);
        assert_eq!(after(Some(&(at, id).to_cursor()), (Timestamp::default(), Uuid::nil())).unwrap(), (at, id));
        assert_eq!(after(Some(&7_i64.to_cursor()), 0).unwrap(), 7);
        assert_eq!(after(None, id).unwrap(), id);
        for wrong in ["", "x", "====", &(at, id).to_cursor()] {
            assert_eq!(after(Some(wrong), id).unwrap_err().code, Code::MalformedRequest, "{wrong}");
        }
    }

    #[test]
    fn a_cursor_of_a_question_goes_on_with_no_other() {
        let vault = Vault::single([7; 32]);
        let now = Timestamp::default();
        let asked = Question::new(&vault, now, vec![b"people", b"siti", b"officer one"]);
        let bound = asked.bind(Page { items: vec![()], next: Some(7_i64.to_cursor()) }).next.unwrap();
        assert_eq!(asked.after(Some(&bound), 0).unwrap(), 7);
        assert_eq!(asked.after(None, 3_i64).unwrap(), 3);
        let (position, code) = bound.split_once('.').unwrap();
        let other = format!("{}.{code}", 8_i64.to_cursor());
        for wrong in [position, "", ".", &other, &format!("{position}."), &format!("{position}.AAAA")] {
            assert_eq!(asked.after(Some(wrong), 0_i64).unwrap_err().code, Code::MalformedRequest, "{wrong}");
        }
        // Parts are told apart: none is the end of another.
        for parts in [vec![&b"people"[..], b"siti", b"officer two"], vec![b"people", b"sitio", b"fficer one"]] {
            assert!(Question::new(&vault, now, parts).after(Some(&bound), 0_i64).is_err());
        }
        let tomorrow = Question::new(&vault, now.plus_seconds(DAY), asked.asked.clone());
        assert!(tomorrow.after(Some(&bound), 0_i64).is_err());
    }

    #[test]
    fn the_last_page_has_no_next() {
        let ids = |count: u128| (0..count).map(Uuid::from_u128).collect::<Vec<_>>();
        let page = Page::new(ids(3), 2, |id| *id);
        assert_eq!((page.items, page.next), (ids(2), Some(Uuid::from_u128(1).to_cursor())));
        for last in [0, 2] {
            let page = Page::new(ids(last), 2, |id| *id);
            assert_eq!((page.items, page.next), (ids(last), None));
        }
    }
}
