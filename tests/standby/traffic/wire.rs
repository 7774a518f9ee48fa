//! Requests as apps send them: what got no answer is sent again, and each answer is judged.

use std::time::Duration;

use ikd::demo::client::{Answer, ClientError};

use super::Service;

/// Between two tries of one request.
const PAUSE: Duration = Duration::from_millis(30);

impl Service {
    /// Sends once. `None` when no answer came, or one that says "later": then it is to be sent again.
    pub(super) async fn once(
        &self,
        what: &'static str,
        asking: impl Future<Output = Result<Answer, ClientError>>,
    ) -> Option<Answer> {
        self.taken(what, asking.await).await
    }

    async fn taken(&self, what: &'static str, told: Result<Answer, ClientError>) -> Option<Answer> {
        match told {
            Ok(answer) => match answer.status.as_u16() {
                503 => {
                    if answer.retry_after.is_none() {
                        self.ledger.wrong(format!("{what}: 503 {} without Retry-After", answer.code()));
                    }
                    self.ledger.refused();
                }
                // Given up by the node after its patience with the request: it says that nothing is known to have been done.
                408 => self.ledger.refused(),
                429 => {
                    let wait = answer.retry_after.unwrap_or(1).min(5);
                    tokio::time::sleep(Duration::from_secs(wait)).await;
                }
                500.. => self.ledger.wrong(format!("{what}: {} {}", answer.status, answer.code())),
                _ => return Some(answer),
            },
            // A step before it, a challenge, was answered in another way than with success.
            Err(ClientError::Unexpected(told)) if told.contains("got 503") => self.ledger.refused(),
            Err(ClientError::Unexpected(told)) => self.ledger.wrong(format!("{what}: {told}")),
            Err(ClientError::Http(_)) => self.ledger.unanswered(),
        }
        tokio::time::sleep(PAUSE + Duration::from_millis(self.below(60))).await;
        None
    }

    /// Sends until an answer comes. `None` once it is over.
    pub(super) async fn answered<F>(&self, what: &'static str, ask: impl Fn() -> F) -> Option<Answer>
    where
        F: Future<Output = Result<Answer, ClientError>>,
    {
        while !self.is_over() {
            if let Some(answer) = self.once(what, ask()).await {
                return Some(answer);
            }
        }
        None
    }

    /// As [`Service::answered`], for a PIN: that one has to wait is an answer too. Whoever waited is in the next round, where the number of
    /// tries left begins anew.
    pub(super) async fn answered_or_waiting<F>(&self, what: &'static str, ask: impl Fn() -> F) -> Option<Answer>
    where
        F: Future<Output = Result<Answer, ClientError>>,
    {
        while !self.is_over() {
            match ask().await {
                Ok(answer) if answer.code() == "pin_wait" => return Some(answer),
                told => {
                    if let Some(answer) = self.taken(what, told).await {
                        return Some(answer);
                    }
                }
            }
        }
        None
    }

    /// Demands one of these statuses; anything else is a wrong answer, and `None`.
    pub(super) fn demand(&self, what: &str, answer: &Answer, statuses: &[u16]) -> Option<()> {
        if statuses.contains(&answer.status.as_u16()) {
            return Some(());
        }
        self.ledger.wrong(format!("{what}: {} {}", answer.status.as_u16(), answer.code()));
        None
    }

    /// Looks again and again until there is something. `None` once it is over.
    pub(super) async fn until<T>(&self, look: impl Fn() -> Option<T>) -> Option<T> {
        while !self.is_over() {
            if let Some(found) = look() {
                return Some(found);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        None
    }
}
