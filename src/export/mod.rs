//! A holder's copy of all own data, with the trail of their processing (UU 27/2022 art. 7 and 31–33): one signed JSON document whose schema
//! is published ([docs/export.schema.json](../../docs/export.schema.json)), and the same as a PDF for people, which names the document by its SHA-256. It
//! reads what other domains keep and keeps nothing.

mod document;
pub mod http;
mod readable;
pub mod service;
mod words;

pub use service::Exports;

use crate::module::Module;

/// What this domain brings to a node.
pub fn module(exports: &Exports) -> Module {
    Module { devices: http::routes(exports.clone()), ..Module::default() }
}
