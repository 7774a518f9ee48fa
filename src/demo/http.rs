//! What can be turned by hand in `ikd demo`, for training and for tests of what time and outages do. Only the demo
//! mounts these routes: `ikd serve` has them in no mode.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use crate::clock::{DAY, Timestamp};
use crate::context::Context;
use crate::error::Refusal;
use crate::jobs::Sweeper;
use crate::register::LocalRegister;
use crate::register::service::Switch;
use crate::web::{Json, Problem};

/// Farthest turn at once: beyond every deadline of the flow, and far from the ends of what a timestamp can say.
const FARTHEST: i64 = 400 * DAY;

/// How far the clock is turned. Never back: rows that were written must not lie in the future.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    forward_seconds: i64,
}

#[derive(Debug, Serialize)]
struct Now {
    now: Timestamp,
}

/// Whether the population register answers.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Register {
    open: bool,
}

/// `POST /demo/clock` and `POST /demo/register`. They are levers of the demo, so the API description does not list them.
pub fn routes(context: Context, sweeper: Sweeper) -> Router {
    let levers = Levers { context, sweeper };
    Router::new().route("/demo/clock", post(turn)).route("/demo/register", post(switch)).with_state(levers)
}

#[derive(Clone)]
struct Levers {
    context: Context,
    sweeper: Sweeper,
}

async fn turn(State(Levers { context, sweeper }): State<Levers>, Json(turn): Json<Turn>) -> Result<Json<Now>, Problem> {
    if !(0..=FARTHEST).contains(&turn.forward_seconds) {
        let (id, en) = ("Isi 0 sampai 34560000 detik (400 hari).", "Give 0 to 34560000 seconds (400 days).");
        return Err(Refusal::field("forward_seconds", id, en).into());
    }
    context.clock.advance(turn.forward_seconds);
    // What time ends has ended when the answer comes: nobody who plays with days waits a minute for the next round. One that is
    // under way at this moment does the same.
    let node = context.random.uuid_v7(context.now());
    if let Err(error) = sweeper.sweep(node).await {
        tracing::warn!(error.cause = %error, "sweeping after the clock was turned");
    }
    Ok(Json(Now { now: context.now() }))
}

async fn switch(
    State(Levers { context, .. }): State<Levers>,
    Json(register): Json<Register>,
) -> Result<Json<Register>, Problem> {
    let switch = if register.open { Switch::Open } else { Switch::Closed };
    LocalRegister::new(context).set_switch(switch).await?;
    Ok(Json(register))
}
