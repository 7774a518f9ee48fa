//! Decoders that wait for pictures. A few are started ahead, so that nobody waits for a process to begin; of each stranger's picture nothing is
//! left when the next one comes, because its process ends with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use image::RgbImage;

use super::death::Verdict;
use super::process::{Process, Program, StartError};
use super::{Death, Measures};
use crate::clock::stopwatch;
use crate::picture::{Limits, PictureError, Shape};

/// At most so many wait, however many pictures are decoded at once.
const MOST_AHEAD: usize = 4;
/// How long nobody is started after one could not be.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a process reads pictures of one sender before it is replaced: well below the processor time that it has.
const WORN: Duration = Duration::from_secs(2);

/// The cause of a death where none began.
pub(super) const START: &str = "start";

/// A picture was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It cannot be used.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// It ended its decoder: it cannot be used, and whoever sent it has cost more than a picture does.
    #[error("{0}")]
    Harmful(PictureError),
    /// There is no decoder at the moment.
    #[error("no decoder can be had at the moment")]
    Unavailable,
}

/// The decoders of a node. Cloning shares them.
#[derive(Clone)]
pub struct Decoders(Arc<Shared>);

struct Shared {
    program: Program,
    ahead: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ready: Vec<Process>,
    starting: usize,
    failed: Option<Instant>,
}

impl std::fmt::Debug for Decoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decoders")
    }
}

impl Decoders {
    /// Of this program; none is started before the first is needed. For so many pictures at once.
    pub fn new(program: Program, at_once: usize) -> Self {
        let ahead = at_once.clamp(1, MOST_AHEAD);
        Self(Arc::new(Shared { program, ahead, state: Mutex::default() }))
    }

    /// Starts the first ones; gives what they are held by.
    ///
    /// # Errors
    /// When none can be started.
    pub async fn warm(&self) -> Result<Measures, StartError> {
        let first = self.start().await?;
        let measures = first.measures;
        self.state().ready.push(first);
        self.follow();
        Ok(measures)
    }

    /// Has a stranger's picture decoded, in a process of its own.
    ///
    /// # Errors
    /// When it cannot be used, or there is no decoder. One that was ended by somebody else is replaced once.
    pub async fn read(&self, bytes: &[u8], limits: &Limits, shape: Shape) -> Result<RgbImage, DecodeError> {
        let process = match self.ready() {
            Some(process) => process,
            None => self.start().await.map_err(|_| DecodeError::Unavailable)?,
        };
        // While this one works another begins.
        self.follow();
        self.read_with(process, bytes, limits, shape).await.map(|(pixels, _)| pixels)
    }

    /// For many pictures of one sender, who is no stranger: a process reads several.
    pub fn reading(&self) -> Reading {
        Reading { decoders: self.clone(), process: None }
    }

    async fn read_with(
        &self,
        mut process: Process,
        bytes: &[u8],
        limits: &Limits,
        shape: Shape,
    ) -> Result<(RgbImage, Process), DecodeError> {
        for tries in 0.. {
            let death = match process.read(bytes, limits, shape).await {
                Ok(Ok(pixels)) => {
                    metrics::counter!("ikd_pictures_decoded_total", "result" => "read").increment(1);
                    return Ok((pixels, process));
                }
                Ok(Err(refused)) => {
                    metrics::counter!("ikd_pictures_decoded_total", "result" => "refused").increment(1);
                    return Err(refused.into());
                }
                Err(death) => death,
            };
            note(death);
            match death.verdict() {
                Verdict::Refuse(refused) => return Err(DecodeError::Harmful(refused)),
                // A new one: whoever ended this one may have ended those that waited too.
                Verdict::Again if tries == 0 => {
                    process = self.start().await.map_err(|_| DecodeError::Unavailable)?;
                }
                Verdict::Again | Verdict::Later => break,
            }
        }
        Err(DecodeError::Unavailable)
    }

    /// One that waits and lives.
    fn ready(&self) -> Option<Process> {
        let mut state = self.state();
        while let Some(mut process) = state.ready.pop() {
            if process.lives() {
                return Some(process);
            }
            note(Death::Killed);
        }
        None
    }

    async fn start(&self) -> Result<Process, StartError> {
        if self.state().failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(StartError::Waiting);
        }
        let started = Process::start(&self.0.program).await;
        self.state().failed = started.is_err().then(stopwatch);
        if let Err(error) = &started {
            metrics::counter!("ikd_decoder_deaths_total", "cause" => START).increment(1);
            tracing::error!(error.cause = %error, "no decoder can be started: pictures are refused until one can (docs/runbooks.md, decoders die)");
        }
        started
    }

    /// Starts one more where fewer wait than shall.
    fn follow(&self) {
        {
            let mut state = self.state();
            if state.ready.len() + state.starting >= self.0.ahead {
                return;
            }
            state.starting += 1;
        }
        let decoders = self.clone();
        tokio::spawn(async move {
            let started = decoders.start().await;
            let mut state = decoders.state();
            state.starting -= 1;
            state.ready.extend(started);
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(death: Death) {
    metrics::counter!("ikd_decoder_deaths_total", "cause" => death.word()).increment(1);
    tracing::warn!(decoder.death = death.word(), "a decoder ended without an answer");
}

/// Pictures of one sender, one after the other.
pub struct Reading {
    decoders: Decoders,
    process: Option<Process>,
}

impl Reading {
    /// Has the next one decoded.
    ///
    /// # Errors
    /// As [`Decoders::read`].
    pub async fn next(&mut self, bytes: &[u8], limits: &Limits, shape: Shape) -> Result<RgbImage, DecodeError> {
        let process = match self.process.take().filter(|process| process.used < WORN) {
            Some(process) => process,
            None => self.decoders.start().await.map_err(|_| DecodeError::Unavailable)?,
        };
        let (pixels, process) = self.decoders.read_with(process, bytes, limits, shape).await?;
        self.process = Some(process);
        Ok(pixels)
    }
}
