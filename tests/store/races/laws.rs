//! What must hold after every race, whoever was faster.

use ikd::activation_code::{self, IssuedCode};
use ikd::registration::model::{Registration, State, Submitted};
use ikd::registration::sealed::email_index;
use ikd::registration::store::registration as store;
use ikd::{fetch_all, fetch_optional};
use uuid::Uuid;

use super::stage::{Act, Case, Stage, World, email, phone};

/// Pairs of which at most one goes through: each would make the other one impossible, in either order.
const EXCLUSIVE: [(Act, Act); 27] = [
    // A decision is about what the officer saw, and the last word.
    (Act::Approve, Act::Register),
    (Act::Approve, Act::Selfie),
    (Act::Approve, Act::ScanElsewhere),
    (Act::Approve, Act::Confirm),
    (Act::Approve, Act::Approve),
    (Act::Approve, Act::Return),
    (Act::Approve, Act::Reject),
    (Act::GrantApproval, Act::Register),
    (Act::GrantApproval, Act::Email),
    (Act::GrantApproval, Act::Phone),
    (Act::GrantApproval, Act::Selfie),
    (Act::GrantApproval, Act::ScanElsewhere),
    (Act::GrantApproval, Act::GrantApproval),
    (Act::GrantApproval, Act::Return),
    (Act::GrantApproval, Act::Reject),
    (Act::Return, Act::Return),
    (Act::Return, Act::Reject),
    (Act::Reject, Act::Reject),
    (Act::Reject, Act::Email),
    (Act::Reject, Act::Phone),
    (Act::Reject, Act::Selfie),
    (Act::Reject, Act::Cancel),
    (Act::Reject, Act::Scan),
    (Act::Reject, Act::ScanElsewhere),
    (Act::Reject, Act::Confirm),
    // One code lives, and one end.
    (Act::EnterCode, Act::Email),
    (Act::Cancel, Act::Enrol),
];
struct Facts {
    row: Option<Registration>,
    code: Option<IssuedCode>,
    /// Registration and day of deletion.
    selfies: Vec<(Uuid, Option<i64>)>,
    holder: bool,
    credential: Option<String>,
    /// Revision and officer of a request.
    release: Option<(i64, Uuid)>,
    mails: Vec<String>,
}

async fn facts(world: &World, id: Uuid) -> Facts {
    let mut tx = world.context.db.read().await.unwrap();
    let selfies = "SELECT registration_id, delete_after FROM registration_selfie";
    let holder = "SELECT resident_id FROM holder_record WHERE resident_id = $1";
    let credential = "SELECT state FROM credential WHERE resident_id = $1";
    let release = "SELECT revision, asked_by FROM second_person_request WHERE registration_id = $1";
    let mails = "SELECT state FROM mail_outbox WHERE reference = $1 AND kind = 'activation_code'";
    Facts {
        row: store::lookup(&mut tx, id).await.unwrap(),
        code: activation_code::store::lookup(&mut tx, id).await.unwrap(),
        selfies: fetch_all!(&mut tx, (Uuid, Option<i64>), selfies).unwrap(),
        holder: fetch_optional!(&mut tx, (Uuid,), holder, world.resident).unwrap().is_some(),
        credential: fetch_optional!(&mut tx, (String,), credential, world.resident).unwrap().map(|row| row.0),
        release: fetch_optional!(&mut tx, (i64, Uuid), release, id).unwrap(),
        mails: fetch_all!(&mut tx, (String,), mails, id).unwrap().into_iter().map(|row| row.0).collect(),
    }
}

/// What does not hold, in words.
pub async fn broken(world: &World, case: &Case, acts: [Act; 2], went: [bool; 2]) -> Vec<String> {
    let facts = facts(world, case.id).await;
    let state = facts.row.as_ref().map(Registration::state);
    let mut broken = Vec::new();
    let mut demand = |holds: bool, law: &str| {
        if !holds {
            broken.push(format!("{acts:?} on {:?} went {went:?} and ended in {state:?}: {law}", case.stage));
        }
    };
    let ok = |act: Act| (0..2).any(|slot| acts[slot] == act && went[slot]);
    let both = |one: Act, other: Act| went == [true; 2] && (acts == [one, other] || acts == [other, one]);

    for (one, other) in EXCLUSIVE {
        demand(!both(one, other), "one makes the other impossible");
    }
    for (id, delete_after) in &facts.selfies {
        let mut tx = world.context.db.read().await.unwrap();
        let row = store::lookup(&mut tx, *id).await.unwrap();
        demand(
            row.is_some_and(|row| row.progress.ended_at().is_none() || delete_after.is_some()),
            "a selfie is kept for ever",
        );
    }
    let approved = matches!(state, Some(State::CodeSent | State::NeedsPin));
    demand(!facts.holder || facts.credential.is_some() || approved, "a holder's record is left behind");
    demand(!approved || facts.holder, "approved without what the digital KTP shows");
    if case.stage == Stage::Taken {
        let ended = facts.credential.as_deref() == Some("deactivated");
        demand(ended == ok(Act::Grant), "the old digital KTP ends with a grant and with nothing else");
    }
    let Some(row) = &facts.row else { return broken };
    if let Some((revision, asked_by)) = facts.release
        && revision == row.revision
    {
        let stands = state == Some(State::AwaitingOfficer) && row.visit.scanned_by == Some(asked_by);
        demand(stands, "a request for something else than what stands there");
    }
    let ended = state.is_some_and(State::is_ended);
    demand(ended == row.progress.ended_at().is_some(), "the day of the end is that of an end");
    let prolonged = ok(Act::Approve) && case.stage == Stage::Waiting || ok(Act::EnterCode) && case.stage == Stage::Sent;
    if prolonged && acts.contains(&Act::Expire) {
        demand(state != Some(State::Expired), "what was prolonged expired");
    }
    if both(Act::Approve, Act::Email) && state == Some(State::CodeSent) {
        demand(facts.code.as_ref().is_some_and(|code| code.generation == 2), "an address that nobody saw was approved");
    }
    // Only a scan brings presence back.
    let changed = [Act::Email, Act::Phone, Act::Selfie].into_iter().any(ok);
    let scanned = [Act::Scan, Act::ScanElsewhere, Act::Confirm].into_iter().any(ok);
    if changed && !scanned && matches!(state, Some(State::AwaitingOfficer | State::NeedsCorrection)) {
        demand(row.visit.scanned_by.is_none(), "presence outlived what it proved");
    }
    // The address had two.
    let (queued, sent) = (count(&facts.mails, "queued"), count(&facts.mails, "sent"));
    demand(queued <= 1 && queued + sent <= 3, "more than three mails, or two that wait");

    if let Some(code) = &facts.code
        && code.generation > 1
        && queued == 1
    {
        demand(code.sent_at.is_none(), "the life of a code began with the mail of the one before");
    }

    let vault = &world.context.vault;
    let submitted: Submitted = vault.open_row("registration", row.registration_id, &row.sealed).unwrap();
    let index = email_index(vault, submitted.email.as_ref());
    demand(row.email_index == index, "the address is counted as another one");
    if case.stage == Stage::ByTwo && state == Some(State::NeedsPin) {
        demand(submitted.email.is_none() && facts.code.is_none(), "two approved somebody to whom a code could be sent");
        demand(ok(Act::GrantApproval), "approved without the second person");
    }
    for slot in 0..2 {
        let rival = acts[slot] == acts[1 - slot] && went[1 - slot];
        if !went[slot] || rival {
            continue;
        }
        match acts[slot] {
            Act::Email => demand(
                submitted.email.as_ref().is_some_and(|to| *to.expose() == email(slot)),
                "a lost change of the address",
            ),
            Act::Phone => demand(*submitted.phone.expose() == phone(slot), "a lost change of the number"),
            _ => {}
        }
    }
    broken
}

fn count(states: &[String], word: &str) -> usize {
    states.iter().filter(|state| *state == word).count()
}
