//! `ikd decoder`: the program as a decoder, and a look at what holds one on this machine.

use std::net::UdpSocket;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command as Program, ExitCode, ExitStatus, Stdio};

use strum::VariantArray;

use super::{Failure, Format};
use crate::decoder::{COMMAND, cage, child};

/// What to do; without any, the process is a decoder.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Try on this machine what a decoder must not be able to do, free and locked in. Exit code 1 when anything of it can be done.
    Check,
    /// Do one such thing.
    #[command(hide = true)]
    Attempt {
        /// What.
        act: Act,
        /// Behind which walls.
        walls: Walls,
    },
}

/// What a decoder never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, strum::Display, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Act {
    /// Read a file.
    OpenFile,
    /// Make a file.
    MakeFile,
    /// Get a socket.
    OpenSocket,
    /// Become another program.
    RunProgram,
    /// Start a thread, which is what starting a process is too.
    Clone,
    /// Send a signal to whoever started it.
    SendSignal,
    /// Take a gibibyte of memory.
    TakeMemory,
}

/// What holds the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub enum Walls {
    /// Nothing: the act itself has to work.
    None,
    /// Landlock alone.
    Landlock,
    /// All that holds a decoder.
    All,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "kebab-case")]
enum Outcome {
    Done,
    Refused,
    Killed,
    /// This kernel has no such wall.
    NoWall,
    /// The attempt itself is broken.
    Broken,
}

/// What an attempt ends with.
const REFUSED: u8 = 10;
const NO_WALL: u8 = 11;

/// Runs the command, or is a decoder.
///
/// # Errors
/// [`Failure::Refused`] when a decoder on this machine could do what it must not.
pub fn run(command: Option<&Command>, format: Format) -> Result<ExitCode, Failure> {
    match command {
        None => Ok(child::run()),
        Some(Command::Attempt { act, walls }) => Ok(attempt(*act, *walls)),
        Some(Command::Check) => check(format).map(|()| ExitCode::SUCCESS),
    }
}

fn attempt(act: Act, walls: Walls) -> ExitCode {
    let locked = match walls {
        Walls::None => Ok(true),
        Walls::Landlock => cage::lock_paths().map(|measures| measures.landlock),
        Walls::All => cage::lock().map(|measures| measures.seccomp),
    };
    match locked {
        Ok(true) if perform(act) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::from(REFUSED),
        Ok(false) => ExitCode::from(NO_WALL),
        Err(_) => ExitCode::FAILURE,
    }
}

/// Whether it can be done.
fn perform(act: Act) -> bool {
    match act {
        Act::OpenFile => std::fs::File::open("/").is_ok(),
        Act::MakeFile => {
            let file = std::env::temp_dir().join(format!(".ikd-decoder-{}", std::process::id()));
            let made = std::fs::File::create_new(&file).is_ok();
            let _ = std::fs::remove_file(&file);
            made
        }
        Act::OpenSocket => UdpSocket::bind(("127.0.0.1", 0)).is_ok(),
        Act::RunProgram => {
            // Comes back only when it failed; the other program ends with 0.
            let _ = Program::new("/proc/self/exe").arg("--version").stdout(Stdio::null()).exec();
            false
        }
        Act::Clone => std::thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok()),
        Act::SendSignal => {
            rustix::process::getppid().is_some_and(|parent| rustix::process::test_kill_process(parent).is_ok())
        }
        Act::TakeMemory => Vec::<u8>::new().try_reserve_exact(1 << 30).is_ok(),
    }
}

fn start(act: Act, walls: Walls) -> Outcome {
    let words = [String::from("attempt"), act.to_string(), walls.to_string()];
    let mut program = Program::new("/proc/self/exe");
    program.arg(COMMAND).args(words).env_clear().current_dir("/");
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program.status().map_or(Outcome::Broken, outcome)
}

fn outcome(status: ExitStatus) -> Outcome {
    const BAD_CALL: i32 = 31;
    match (status.code(), status.signal()) {
        (Some(0), _) => Outcome::Done,
        (Some(code), _) if code == i32::from(REFUSED) => Outcome::Refused,
        (Some(code), _) if code == i32::from(NO_WALL) => Outcome::NoWall,
        (_, Some(BAD_CALL)) => Outcome::Killed,
        _ => Outcome::Broken,
    }
}

fn check(format: Format) -> Result<(), Failure> {
    let (mut open, mut rows) = (Vec::new(), Vec::new());
    for act in Act::VARIANTS {
        let [free, behind, inside] = [Walls::None, Walls::Landlock, Walls::All].map(|walls| start(*act, walls));
        if !matches!(inside, Outcome::Killed | Outcome::Refused) {
            open.push(act.to_string());
        }
        if format == Format::Text {
            say!("{act}: free {free}, behind landlock {behind}, locked in {inside}");
        }
        rows.push(serde_json::json!({
            "act": act.to_string(), "free": free.to_string(), "landlock": behind.to_string(), "locked_in": inside.to_string(),
        }));
    }
    if format == Format::Json {
        say!("{}", serde_json::json!({"holds": open.is_empty(), "acts": rows}));
    }
    if open.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "on this machine a decoder is not held from: {}. It takes Linux with seccomp (CONFIG_SECCOMP_FILTER), and a container \
         or unit that allows prctl and seccomp",
        open.join(", ")
    )))
}
