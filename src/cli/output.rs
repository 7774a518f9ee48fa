//! What commands print. Somebody may have closed the other end, or the disk behind it may be full: that is a failure to
//! tell, as the command has changed by then what it was to change.

use std::fmt::Arguments;
use std::io::{self, Write};

use super::Failure;

/// Writes a line to standard output.
///
/// # Errors
/// [`Failure::Environment`] when it cannot be written.
pub fn line(text: Arguments<'_>) -> Result<(), Failure> {
    write(format_args!("{text}\n"))
}

/// Writes a text to standard output, now.
///
/// # Errors
/// [`Failure::Environment`] when it cannot be written.
pub fn write(text: Arguments<'_>) -> Result<(), Failure> {
    write_to(&mut io::stdout().lock(), text)
}

/// Writes to standard error what is amiss while a command goes on.
pub fn complain(text: &str) {
    // Whoever closed it wants to hear nothing.
    let _ = writeln!(io::stderr(), "ikd: {text}");
}

fn write_to(out: &mut impl Write, text: Arguments<'_>) -> Result<(), Failure> {
    out.write_fmt(text).and_then(|()| out.flush()).map_err(|error| {
        Failure::Environment(format!("the result cannot be shown ({error}); what the command was to change is changed"))
    })
}

/// Adds what to do when secrets that are shown once were not.
///
/// # Errors
/// The given one, with `next` behind it.
pub fn or_lost(shown: Result<(), Failure>, next: &str) -> Result<(), Failure> {
    shown.map_err(|failure| Failure::Environment(format!("{failure}. What is shown once is lost: {next}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_takes_nothing_is_a_failure_with_a_next_step() {
        let mut full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let failure = or_lost(write_to(&mut full, format_args!("password geheim\n")), "make another").unwrap_err();
        assert_eq!(failure.exit_code(), 3);
        let told = failure.to_string();
        assert!(told.contains("is changed") && told.contains("make another") && !told.contains("geheim"), "{told}");
    }
}
