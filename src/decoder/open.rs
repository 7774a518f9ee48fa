//! What a decoder gives up where there is no Linux: only its environment, which it was started without. The service warns at its start.

use super::wire::Measures;

/// The step that failed: none can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::FromRepr, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Step {
    /// Limits of memory, time and files.
    Limits = 2,
}

/// Does nothing: this system has no such walls.
///
/// # Errors
/// Never.
pub fn lock() -> Result<Measures, Step> {
    Ok(Measures::default())
}

/// Does nothing, as [`lock`].
///
/// # Errors
/// Never.
pub fn lock_paths() -> Result<Measures, Step> {
    Ok(Measures::default())
}
