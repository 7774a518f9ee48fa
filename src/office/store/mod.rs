//! SQL of offices: what they are, how they stand to each other, and when they are open.

pub mod list;
pub mod office;
pub mod times;
pub mod tree;
