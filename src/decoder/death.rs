//! Why a decoder ended without an answer, and what that says of the picture.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::Signal;

use crate::picture::PictureError;

/// How a decoder ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Death {
    /// It asked the kernel for something that decoding does not need: a fault in a decoder that somebody uses.
    Forbidden,
    /// It panicked, had no memory left, or read or wrote where it must not.
    Crashed,
    /// It used up its processor time.
    Cpu,
    /// It said nothing for too long, although its processor time was not used up: it was stopped, or this machine is.
    Stuck,
    /// It answered what was not asked.
    Untrue,
    /// Somebody else ended it: an operator, or a machine without memory.
    Killed,
}

/// What a death means for whoever sent the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The picture did it.
    Refuse(PictureError),
    /// The picture has nothing to do with it: once again.
    Again,
    /// Nobody knows: later.
    Later,
}

impl Death {
    /// From how the process ended; `None` where that could not be learnt.
    pub(super) fn of(status: Option<ExitStatus>) -> Self {
        let Some(status) = status else { return Self::Stuck };
        let signal = status.signal().and_then(Signal::from_named_raw);
        match signal {
            Some(Signal::SYS) => Self::Forbidden,
            Some(Signal::XCPU) => Self::Cpu,
            Some(Signal::KILL | Signal::TERM | Signal::INT | Signal::HUP | Signal::QUIT) => Self::Killed,
            // Also a code of its own: that of a panic, or of a pipe that was closed.
            _ => Self::Crashed,
        }
    }

    /// What whoever sent the picture is told.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Forbidden | Self::Crashed | Self::Untrue => Verdict::Refuse(PictureError::Unreadable),
            Self::Cpu => Verdict::Refuse(PictureError::TooCostly),
            Self::Killed => Verdict::Again,
            Self::Stuck => Verdict::Later,
        }
    }

    /// The word of it, as metrics and logs have it.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_to_blame() {
        // As wait(2) encodes them: the signal in the low bits, or the exit code above them.
        for (raw, death) in [
            (31, Death::Forbidden),
            (24, Death::Cpu),
            (9, Death::Killed),
            (15, Death::Killed),
            (2, Death::Killed),
            (11, Death::Crashed),
            (6, Death::Crashed),
            (101 << 8, Death::Crashed),
            (0, Death::Crashed),
        ] {
            assert_eq!(Death::of(Some(ExitStatus::from_raw(raw))), death, "{raw}");
        }
        assert_eq!(Death::of(None), Death::Stuck);
        assert_eq!(Death::Crashed.verdict(), Verdict::Refuse(PictureError::Unreadable));
        assert_eq!(Death::Killed.verdict(), Verdict::Again);
        assert_eq!(Death::Stuck.verdict(), Verdict::Later);
        assert_eq!(Death::Cpu.word(), "cpu");
    }
}
