//! What the mail server got: codes, and how often each message.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;

use support::smtp::MailServer;
use support::world::code_in;

use super::file_of;

/// The inbox, read as it grows.
pub struct Letters {
    inbox: PathBuf,
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    number: usize,
    /// By Message-ID.
    copies: HashMap<String, usize>,
    /// Those whose link names a registration.
    with_codes: Vec<String>,
}

impl Letters {
    /// Of a mail server.
    pub fn of(server: &MailServer) -> Self {
        Self { inbox: server.inbox(), read: Mutex::default() }
    }

    fn look(&self) -> std::sync::MutexGuard<'_, Read> {
        let mut read = self.read.lock().unwrap();
        // The facts are written last.
        while file_of(&self.inbox, read.number + 1, "json").exists() {
            read.number += 1;
            let text = std::fs::read(file_of(&self.inbox, read.number, "eml")).unwrap();
            let text = String::from_utf8(text).unwrap();
            let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).expect("a Message-ID").to_owned();
            *read.copies.entry(id).or_default() += 1;
            if text.contains("aktivasi#") || text.contains("aktivasi=") {
                read.with_codes.push(text);
            }
        }
        read
    }

    /// The newest code for a registration.
    pub fn code(&self, registration: &str) -> Option<String> {
        self.look().with_codes.iter().rev().find_map(|text| code_in(text, registration))
    }

    /// How many different messages came, and how many copies beside the first.
    pub fn counted(&self) -> (usize, usize) {
        let read = self.look();
        (read.copies.len(), read.copies.values().map(|copies| copies - 1).sum())
    }
}
