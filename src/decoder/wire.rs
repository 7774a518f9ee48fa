//! What the service and a decoder say to each other over two pipes. Every length is known before anything is read, and what does not fit is
//! no answer.

use crate::picture::{Limits, PictureError, Shape};

/// How a decoder begins, before it reads anything: the version of all this.
const HELLO: [u8; 8] = *b"IKDDEC1\n";
/// Bytes of a greeting.
pub const GREETING: usize = HELLO.len() + 2;
/// Bytes before those of a picture.
pub const HEAD: usize = 1 + 4 * 4 + 3 * 8 + 4;
/// Bytes of an answer before its pixels.
pub const ANSWER: usize = 1 + 2 * 4;
/// Bytes of the largest file that anybody may ask to have decoded.
pub const LARGEST: usize = 16 << 20;
/// What a decoder may take beyond what it has when it starts: the largest pictures that the limits allow, twice over, and their files.
pub const MEMORY: u64 = 384 << 20;

/// What keeps a decoder from doing anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Only the system calls of reading, writing and memory; any other ends it.
    pub seccomp: bool,
    /// No path can be opened.
    pub landlock: bool,
}

/// What a decoder says first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// It reads pictures, under these measures.
    Ready(Measures),
    /// It could not give up what it does not need: the number of the step.
    Failed(u8),
}

impl Greeting {
    /// As bytes.
    pub fn bytes(self) -> [u8; GREETING] {
        let (kind, detail) = match self {
            Self::Ready(Measures { seccomp, landlock }) => (0, u8::from(seccomp) | u8::from(landlock) << 1),
            Self::Failed(step) => (1, step),
        };
        let mut out = [0; GREETING];
        out[..HELLO.len()].copy_from_slice(&HELLO);
        out[HELLO.len()..].copy_from_slice(&[kind, detail]);
        out
    }

    /// From bytes; `None` when it is none of this version.
    pub fn parse(bytes: &[u8; GREETING]) -> Option<Self> {
        match bytes.strip_prefix(&HELLO)? {
            [0, bits @ 0..=3] => Some(Self::Ready(Measures { seccomp: bits & 1 != 0, landlock: bits & 2 != 0 })),
            [1, step] => Some(Self::Failed(*step)),
            _ => None,
        }
    }
}

/// What stands before a picture's bytes.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Within what it is decoded.
    pub limits: Limits,
    /// What becomes of it.
    pub shape: Shape,
    /// Bytes that follow.
    pub length: u32,
}

impl Head {
    /// As bytes.
    pub fn bytes(&self) -> [u8; HEAD] {
        let (kind, one, other) = match self.shape {
            Shape::AtMost(side) => (0, side, 0),
            Shape::Fit(width, height) => (1, width, height),
        };
        let limits = &self.limits;
        let longs = [limits.bytes as u64, limits.memory, limits.work];
        let mut out = [0; HEAD];
        let fields = [vec![kind]]
            .into_iter()
            .chain([one, other, limits.least_side, limits.side].map(|number| number.to_le_bytes().to_vec()))
            .chain(longs.map(|number| number.to_le_bytes().to_vec()))
            .chain([self.length.to_le_bytes().to_vec()]);
        out.iter_mut().zip(fields.flatten()).for_each(|(byte, value)| *byte = value);
        out
    }

    /// From bytes; `None` for what the service never asks.
    pub fn parse(bytes: &[u8; HEAD]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (words, rest) = rest.split_at_checked(16)?;
        let (longs, length) = rest.split_at_checked(24)?;
        let word = |at: usize| Some(u32::from_le_bytes(words.get(4 * at..4 * at + 4)?.try_into().ok()?));
        let long = |at: usize| Some(u64::from_le_bytes(longs.get(8 * at..8 * at + 8)?.try_into().ok()?));
        let shape = match (kind, word(0)?, word(1)?) {
            (0, side, 0) => Shape::AtMost(side),
            (1, width, height) => Shape::Fit(width, height),
            _ => return None,
        };
        let bytes = usize::try_from(long(0)?).ok()?;
        let limits = Limits { bytes, least_side: word(2)?, side: word(3)?, memory: long(1)?, work: long(2)? };
        let length = u32::from_le_bytes(length.try_into().ok()?);
        (length as usize <= LARGEST).then_some(Self { limits, shape, length })
    }
}

/// How an answer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// So many pixels a side follow, three bytes each, row by row.
    Pixels(u32, u32),
    /// It cannot be used.
    Refused(PictureError),
}

impl Answer {
    /// As bytes.
    pub fn bytes(self) -> [u8; ANSWER] {
        let (kind, width, height) = match self {
            Self::Pixels(width, height) => (0, width, height),
            Self::Refused(PictureError::Unreadable) => (1, 0, 0),
            Self::Refused(PictureError::TooSmall) => (2, 0, 0),
            Self::Refused(PictureError::TooCostly) => (3, 0, 0),
        };
        let mut out = [kind; ANSWER];
        out[1..5].copy_from_slice(&width.to_le_bytes());
        out[5..].copy_from_slice(&height.to_le_bytes());
        out
    }

    /// From bytes; `None` for what cannot be the answer to a question for this shape.
    pub fn parse(bytes: &[u8; ANSWER], asked: Shape) -> Option<Self> {
        let [kind, a, b, c, d, e, f, g, h] = *bytes;
        let (width, height) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        match (kind, width, height) {
            (0, width, height) if asked.holds(width, height) => Some(Self::Pixels(width, height)),
            (1, 0, 0) => Some(Self::Refused(PictureError::Unreadable)),
            (2, 0, 0) => Some(Self::Refused(PictureError::TooSmall)),
            (3, 0, 0) => Some(Self::Refused(PictureError::TooCostly)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { bytes: 5 << 20, least_side: 200, side: 4_096, memory: 160 << 20, work: 25_000_000 };

    #[test]
    fn what_was_said_is_what_is_understood() {
        for shape in [Shape::AtMost(960), Shape::Fit(360, 480)] {
            let head = Head { limits: LIMITS, shape, length: 4_711 };
            let back = Head::parse(&head.bytes()).unwrap();
            assert_eq!(format!("{back:?}"), format!("{head:?}"));
        }
        let measures = Measures { seccomp: true, landlock: false };
        for greeting in [Greeting::Ready(measures), Greeting::Ready(Measures::default()), Greeting::Failed(4)] {
            assert_eq!(Greeting::parse(&greeting.bytes()), Some(greeting));
        }
        for answer in [
            Answer::Pixels(960, 720),
            Answer::Refused(PictureError::Unreadable),
            Answer::Refused(PictureError::TooSmall),
            Answer::Refused(PictureError::TooCostly),
        ] {
            assert_eq!(Answer::parse(&answer.bytes(), Shape::AtMost(960)), Some(answer));
        }
    }

    #[test]
    fn an_answer_that_was_not_asked_for_is_none() {
        for (width, height) in [(0, 1), (1, 0), (961, 1), (1, 961), (u32::MAX, u32::MAX)] {
            assert_eq!(Answer::parse(&Answer::Pixels(width, height).bytes(), Shape::AtMost(960)), None);
        }
        assert_eq!(Answer::parse(&Answer::Pixels(400, 400).bytes(), Shape::Fit(360, 480)), None);
        assert_eq!(Answer::parse(&[9, 0, 0, 0, 0, 0, 0, 0, 0], Shape::AtMost(960)), None);
        assert_eq!(Answer::parse(&[1, 0, 0, 0, 0, 0, 0, 0, 1], Shape::AtMost(960)), None);
        let head = Head { limits: LIMITS, shape: Shape::AtMost(960), length: u32::MAX };
        assert!(Head::parse(&head.bytes()).is_none());
        assert_eq!(Greeting::parse(b"HTTP/1.1 2"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(head: [u8; HEAD], answer: [u8; ANSWER], greeting: [u8; GREETING]) {
            let _ = Head::parse(&head);
            let _ = Greeting::parse(&greeting);
            if let Some(Answer::Pixels(width, height)) = Answer::parse(&answer, Shape::Fit(360, 480)) {
                prop_assert!((1..=360).contains(&width) && (1..=480).contains(&height));
            }
        }
    }
}
