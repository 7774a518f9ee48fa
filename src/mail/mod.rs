//! E-mail: a transactional outbox, the worker that empties it, and the transports that carry it.
//!
//! A use case calls [`outbox::enqueue`] inside its own transaction; the row holds a kind and a reference, never an
//! address or a code. The worker leases due rows, has the text composed at the moment of sending, hands it to the
//! transport outside any transaction, and marks the row sent together with whatever the domain has to note.

pub mod compose;
pub mod http;
pub mod mailbox;
pub mod outbox;
pub mod transport;
pub mod worker;

pub use compose::{
    Compose, ComposeFuture, INVENTED_AT, INVENTED_CODE, INVENTED_LINK, INVENTED_NAME, Letters, Message, Sample,
};
pub use mailbox::Mailbox;
pub use outbox::{MailKind, MailState};
pub use transport::Transport;
pub use worker::Worker;

use uuid::Uuid;

use crate::context::Context;
use crate::error::Language;
use crate::jobs::Sweep;
use crate::metric::Metric;
use crate::secret::Redacted;
use crate::transaction;

/// What is measured here.
pub const METRICS: &[Metric] =
    &[Metric::counter("ikd_mail_total", "Messages that were worked on, by kind and result.")];

/// Rows deleted in one transaction.
const SWEEP_BATCH: i64 = 1_000;

/// Deletes what is known of messages sent or given up long ago.
pub fn sweep(context: &Context) -> Sweep {
    Sweep::of("mail.sweep", context, |context| async move {
        let now = context.now();
        transaction!(context.db, "mail.sweep", |tx| Ok(outbox::sweep(tx, now, SWEEP_BATCH).await?))
    })
}

/// One message, ready to be sent. It exists only between composing and hand-over and is never stored.
#[derive(Clone)]
pub struct Email {
    /// The outbox row it comes from; the Message-ID is derived from it, so a repeated message is recognisable.
    pub mail_id: Uuid,
    /// The recipient's address.
    pub to: Redacted<String>,
    /// Subject line. It never carries a code or personal data: it shows on locked screens.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part: the same content, no remote pictures, styles or scripts.
    pub html: String,
    /// The language it is written in.
    pub language: Language,
}

impl std::fmt::Debug for Email {
    /// The parts carry codes and names: only the id is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Email").field("mail_id", &self.mail_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use askama::Template;

    use super::*;

    #[derive(Template)]
    #[template(
        source = r#"{% extends "mail/layout.html" %}{% block content %}<p>{{ name }}</p>{% endblock %}"#,
        ext = "html"
    )]
    struct Html {
        language: Language,
        name: &'static str,
    }

    #[derive(Template)]
    #[template(source = r#"{% extends "mail/layout.txt" %}{% block content %}{{ name }}{% endblock %}"#, ext = "txt")]
    struct Text {
        language: Language,
        name: &'static str,
    }

    #[test]
    fn layouts_speak_both_languages_load_nothing_and_escape() {
        for (language, sentence) in [(Language::Indonesian, "tidak pernah"), (Language::English, "never ask")] {
            let html = Html { language, name: "<b>Siti</b>" }.render().unwrap();
            assert!(html.contains(sentence) && html.contains(&format!("lang=\"{}\"", language.tag())));
            assert!(!html.contains("<b>") && html.contains("Siti"));
            assert!(!["http", "src=", "url(", "<link", "<script"].iter().any(|remote| html.contains(remote)), "{html}");
            let text = Text { language, name: "Siti & Budi" }.render().unwrap();
            assert!(text.starts_with("Identitas") && text.contains("Siti & Budi") && text.contains(sentence), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_content() {
        let email = Email {
            mail_id: Uuid::nil(),
            to: Redacted("siti@example.id".into()),
            subject: "Kode".into(),
            text: "123456".into(),
            html: "123456".into(),
            language: Language::English,
        };
        let shown = format!("{email:?}");
        assert!(!shown.contains("siti") && !shown.contains("123456"), "{shown}");
    }
}
