//! IKD.
fn main() {}
