//! One decoder as the service sees it: a process, its two pipes, and how long it has worked.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use image::RgbImage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::cage::Step;
use super::wire::{ANSWER, Answer, GREETING, Greeting, Head, LARGEST, Measures};
use super::{COMMAND, Death};
use crate::clock::stopwatch;
use crate::picture::{Limits, PictureError, Shape};

/// How long a process may take until it is ready.
const START: Duration = Duration::from_secs(10);
/// How long a picture may take: far more than one within the limits, and than the processor time that a decoder has where a processor is free.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the end of a process that closed its pipes is waited for.
const END: Duration = Duration::from_secs(1);

/// Which program is started as a decoder.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    patience: Duration,
}

impl Program {
    /// This one: the very file that runs, also when a newer version has taken its place on the disk.
    pub fn this() -> Self {
        let link = Path::new("/proc/self/exe");
        let path = if link.exists() { link.to_owned() } else { std::env::current_exe().unwrap_or_default() };
        Self::at(path)
    }

    /// The one at a path: tests are other programs than the one they look at.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), patience: PATIENCE }
    }

    /// Given up when it takes longer than this for a picture.
    #[must_use]
    pub fn answering_within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// A decoder could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system did not start the process.
    #[error("the process cannot be started: {0}")]
    Spawn(io::Error),
    /// It could not be locked in, and so reads nothing.
    #[error("it could not be locked in: {0}")]
    Lock(&'static str),
    /// It said nothing, or nothing that a decoder says.
    #[error("it did not say that it is ready")]
    Silent,
    /// It was tried a moment ago, in vain.
    #[error("it failed a moment ago")]
    Waiting,
}

/// A process that waits for a picture. Dropped, it is killed.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    patience: Duration,
    /// What keeps it from doing anything else.
    pub measures: Measures,
    /// How long it has read pictures.
    pub used: Duration,
}

impl Process {
    /// Starts one and waits until it has locked itself in. It gets no argument but its name, no variable, no file and no folder of ours.
    pub async fn start(program: &Program) -> Result<Self, StartError> {
        let mut command = Command::new(&program.path);
        // The name is what lists of processes show.
        command.arg0("ikd").arg(COMMAND).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(StartError::Spawn)?;
        let (Some(input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(StartError::Silent);
        };
        let mut greeting = [0; GREETING];
        let greeted = timeout(START, output.read_exact(&mut greeting)).await;
        greeted.ok().and_then(Result::ok).ok_or(StartError::Silent)?;
        match Greeting::parse(&greeting) {
            Some(Greeting::Ready(measures)) => {
                let patience = program.patience;
                Ok(Self { child, input, output, patience, measures, used: Duration::ZERO })
            }
            Some(Greeting::Failed(step)) => {
                Err(StartError::Lock(Step::from_repr(step).map_or("unknown", <&'static str>::from)))
            }
            None => Err(StartError::Silent),
        }
    }

    /// Whether it has not ended.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Has a picture read. After an error the process is of no more use.
    pub async fn read(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
        shape: Shape,
    ) -> Result<Result<RgbImage, PictureError>, Death> {
        if bytes.len() > limits.bytes.min(LARGEST) {
            return Ok(Err(PictureError::Unreadable));
        }
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let head = Head { limits: *limits, shape, length };
        let since = stopwatch();
        let answered = timeout(self.patience, self.exchange(&head, bytes)).await;
        self.used += since.elapsed();
        match answered {
            Ok(Ok(Some(answer))) => Ok(answer),
            Ok(Ok(None)) => Err(Death::Untrue),
            Ok(Err(_)) => Err(Death::of(timeout(END, self.child.wait()).await.ok().and_then(Result::ok))),
            Err(_) => Err(Death::Stuck),
        }
    }

    /// `None` for an answer that was not asked for.
    async fn exchange(&mut self, head: &Head, bytes: &[u8]) -> io::Result<Option<Result<RgbImage, PictureError>>> {
        self.input.write_all(&head.bytes()).await?;
        self.input.write_all(bytes).await?;
        self.input.flush().await?;
        let mut answer = [0; ANSWER];
        self.output.read_exact(&mut answer).await?;
        let (width, height) = match Answer::parse(&answer, head.shape) {
            Some(Answer::Pixels(width, height)) => (width, height),
            Some(Answer::Refused(refused)) => return Ok(Some(Err(refused))),
            None => return Ok(None),
        };
        let mut pixels = vec![0; width as usize * height as usize * 3];
        self.output.read_exact(&mut pixels).await?;
        Ok(RgbImage::from_raw(width, height, pixels).map(Ok))
    }
}
