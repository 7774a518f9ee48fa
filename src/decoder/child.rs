//! The program as a decoder: it locks itself in, says so, and reads pictures until nobody asks any more.

use std::io;
use std::process::ExitCode;

use image::RgbImage;

use super::cage;
use super::wire::{Answer, Greeting, HEAD, Head};
use crate::picture::{Picture, PictureError};

/// Runs until standard input ends, which it does with whoever started this. Call it before anything else was begun: no runtime, no second
/// thread, nothing opened.
///
/// A panic while a picture is read ends the process, as any other fault does: whoever asked takes the picture for the cause.
pub fn run() -> ExitCode {
    match cage::lock() {
        Ok(measures) => {
            let served = put(&Greeting::Ready(measures).bytes()).and_then(|()| serve());
            if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(step) => {
            let _ = put(&Greeting::Failed(step as u8).bytes());
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let mut head = [0; HEAD];
    while fill(&mut head)? {
        let head = Head::parse(&head).ok_or(io::ErrorKind::InvalidData)?;
        let mut bytes = vec![0; head.length as usize];
        if !bytes.is_empty() && !fill(&mut bytes)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match read(&bytes, &head) {
            Ok(pixels) => {
                put(&Answer::Pixels(pixels.width(), pixels.height()).bytes())?;
                put(pixels.as_raw())?;
            }
            Err(refused) => put(&Answer::Refused(refused).bytes())?,
        }
    }
    Ok(())
}

fn read(bytes: &[u8], head: &Head) -> Result<RgbImage, PictureError> {
    Picture::read(bytes, &head.limits).map(|picture| picture.shaped(head.shape))
}

/// Reads until `into` is full; no when there is nothing more at all.
fn fill(into: &mut [u8]) -> io::Result<bool> {
    let (input, mut at) = (io::stdin(), 0);
    while let Some(rest) = into.get_mut(at..).filter(|rest| !rest.is_empty()) {
        match rustix::io::read(&input, rest) {
            Ok(0) if at == 0 => return Ok(false),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => at += more,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

fn put(mut bytes: &[u8]) -> io::Result<()> {
    let output = io::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(&output, bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
