//! Employees' questions and their own checks.

use uuid::Uuid;

use super::act::{Employee, Verify};
use super::model::Check;
use super::store::{self, CheckRow};
use crate::audit;
use crate::context::Context;
use crate::db::DbError;
use crate::error::{Code, Error, Refusal, Result};
use crate::page::{self, Page};
use crate::relying_party::{Party, Purpose};
use crate::staff::Allowed;
use crate::transaction;
use crate::verification;
use crate::verification::model::{Answer, Question, Verdict};

/// What employees ask. Cloning shares everything.
#[derive(Clone)]
pub struct EmployeeChecks {
    context: Context,
    verification: verification::Service,
    audit: audit::Service,
}

/// A question's line in the employee's list.
struct CheckEntry {
    /// Employee and check.
    line: (Uuid, Uuid),
    /// Whether it was put for the first time.
    new: bool,
    /// The verification that answered it before.
    answered: Option<Uuid>,
}

impl EmployeeChecks {
    /// Over the shared tables.
    pub fn new(context: Context, verification: verification::Service) -> Self {
        Self { audit: audit::Service::new(context.clone()), context, verification }
    }

    /// Puts a question as the relying party and records who put it.
    ///
    /// # Errors
    /// As for the relying party's own question; `idempotency_mismatch` also for a key that a colleague used; `too_many` also
    /// after too many wrong codes of this employee;
    /// `undetermined` whenever the outcome, or its record, is not known.
    pub async fn verify(&self, employee: &Allowed<Verify>, question: &Question) -> Result<Answer> {
        let Employee { employee_id, party } = &employee.agent;
        if party.purpose(&question.purpose).is_none() {
            self.audit.refused(employee.event(party.relying_party_id), Code::PurposeNotAllowed).await?;
            return Err(Code::PurposeNotAllowed.into());
        }
        let CheckEntry { line, new, answered } = self.ask(&employee.agent, question).await.map_err(undetermined)?;
        let answer = match self.verification.verify_for(party, Some(*employee_id), question).await {
            Ok(answer) => answer,
            Err(error) => {
                let unknown = matches!(error.code(), None | Some(Code::Undetermined | Code::Overloaded));
                if new && !unknown {
                    self.take_back(line).await.map_err(undetermined)?;
                }
                return Err(error);
            }
        };
        // The line stays with its first answer: another one means that another thing was asked under the key.
        if answered.is_some_and(|first| first != answer.verification_id) {
            return Err(Code::IdempotencyMismatch.into());
        }
        self.complete(line, &answer).await.map_err(undetermined)?;
        Ok(answer)
    }

    async fn ask(&self, employee: &Employee, question: &Question) -> Result<CheckEntry> {
        let now = self.context.now();
        let row = CheckRow {
            employee_id: employee.employee_id,
            check_id: self.context.random.uuid_v7(now),
            relying_party_id: employee.party.relying_party_id,
            idempotency_key: question.key.0.to_vec(),
            purpose: question.purpose.clone(),
            asked_at: now,
            verification_id: None,
            result: None,
            reason: None,
            disclosed: None,
        };
        transaction!(self.context.db, "employee.ask", |tx| {
            if store::ask(tx, &row).await?.happened() {
                return Ok(CheckEntry { line: (row.employee_id, row.check_id), new: true, answered: None });
            }
            match store::who_asked(tx, row.relying_party_id, &row.idempotency_key).await? {
                Some((employee, check, answered)) if employee == row.employee_id => {
                    Ok(CheckEntry { line: (employee, check), new: false, answered })
                }
                Some(_) => Err(Code::IdempotencyMismatch.into()),
                // Taken back between the two statements: the key is free.
                None => Err(DbError::Contention.into()),
            }
        })
    }

    async fn take_back(&self, line: (Uuid, Uuid)) -> Result<()> {
        transaction!(self.context.db, "employee.take_back", |tx| {
            store::take_back(tx, line).await?.either_way();
            Ok(())
        })
    }

    async fn complete(&self, line: (Uuid, Uuid), answer: &Answer) -> Result<()> {
        let Answer { verification_id, verdict, disclosed, .. } = answer;
        transaction!(self.context.db, "employee.complete", |tx| {
            store::answered(tx, line, *verification_id, *verdict, *disclosed).await?.either_way();
            Ok(())
        })
    }

    /// The employee's own checks, newest first: at most `limit` of them, from `cursor` on.
    ///
    /// # Errors
    /// `malformed_request` for a cursor that was not given out here.
    pub async fn own_checks(
        &self,
        employee: &Allowed<Verify>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Page<Check>> {
        let Employee { employee_id, party } = &employee.agent;
        let before = page::after(cursor, Uuid::max())?;
        let limit = limit.clamp(1, page::MOST);
        let mut tx = self.context.db.read().await?;
        let rows = store::checks(&mut tx, *employee_id, before, limit + 1).await?;
        Ok(Page::new(rows, limit, |row| row.check_id).map(|row| as_check(row, party)))
    }
}

/// A fault on the way means that nobody knows the outcome; a refusal stays what it is.
fn undetermined(error: Error) -> Error {
    match error {
        refused @ Error::Refused(_) => refused,
        fault => {
            tracing::error!(error.cause = %fault, "an employee's check could not be determined");
            Refusal::new(Code::Undetermined).retry_after(2).into()
        }
    }
}

fn as_check(row: CheckRow, party: &Party) -> Check {
    let verdict = row.result.map(|result| Verdict::from_row(&result, row.reason.as_deref().unwrap_or("")));
    Check {
        check_id: row.check_id,
        asked_at: row.asked_at,
        purpose: party.purpose(&row.purpose).cloned().unwrap_or_else(|| Purpose::unknown(row.purpose)),
        verification_id: row.verification_id,
        verdict,
        disclosed: row.disclosed.unwrap_or_default(),
    }
}
