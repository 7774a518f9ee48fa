//! SQL of the registration domain, by table. Who writes takes the row in `registration` first ([`registration::hold`], or a
//! [`registration::save`] that demands its revision); the rows of the other tables change after it, in the same transaction.

pub mod call_back;
pub mod check;
pub mod queue;
pub mod register_copy;
pub mod registration;
pub mod second_person;
pub mod selfie;
pub mod step;
pub mod visit;
