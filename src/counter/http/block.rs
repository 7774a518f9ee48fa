//! Blocking at the word of a caller.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::act::BlockAtCall;
use super::super::block::{CallBlocks, Caller};
use crate::clock::{DAY, HOUR, Timestamp};
use crate::life::model::{CALL_BACK_SECONDS, PROVISIONAL_SECONDS};
use crate::secret::Redacted;
use crate::staff::Allowed;
use crate::web::{Json, Problem};

pub(super) fn routes() -> OpenApiRouter<CallBlocks> {
    OpenApiRouter::new().routes(routes!(block_at_call))
}

/// What a caller says, and why it is to be blocked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CallBody {
    /// 16 digits.
    #[schema(value_type = String, example = "3171015708900001")]
    nik: Redacted<String>,
    /// As on the KTP-el.
    #[schema(value_type = String, example = "SITI RAHMA")]
    full_name: Redacted<String>,
    /// `YYYY-MM-DD`.
    #[schema(value_type = String, example = "1990-08-17")]
    birth_date: Redacted<String>,
    /// What the caller says has happened: 5–500 characters.
    #[schema(value_type = String, example = "Ponsel dicuri di pasar")]
    reason: Redacted<String>,
    /// Whether whoever asks stands at the counter, and their face was compared with the KTP-el: then it stays blocked.
    #[serde(default)]
    present: bool,
}

/// The same, whoever was meant.
#[derive(Debug, Serialize, ToSchema)]
struct CallReply {
    /// Until when a digital KTP that these data are of is blocked now, unless that happened in the last `call_back_days`; null of somebody
    /// at the counter: then it stays blocked.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// How long that is, in hours.
    #[schema(example = 72)]
    hours: Option<i64>,
    /// Days after a block at a caller's word in which another one of the same person does not take effect by itself: the contacts of the
    /// digital KTP get a link that blocks. Somebody who is reached nowhere comes to a counter (`present`).
    #[schema(example = 7)]
    call_back_days: i64,
    /// How many more this officer has today.
    left_today: i64,
}

/// Block somebody's digital KTP at their word, by telephone or without papers. If the data are right it is blocked at once, and its
/// holder told; the answer says only until when. It ends after 72 hours unless the holder confirms it. A second time in seven days nothing
/// is blocked: the holder gets a link that does. Who stands at the counter (`present`) is blocked for good, however often. The answer is
/// the same for everybody, known or not.
#[utoipa::path(post, path = "/v1/officer/blocks", tag = "Counter", security(("officer" = [])), request_body = CallBody,
    responses((status = 202, description = "Taken", body = CallReply),
        (status = "4XX", description = "`invalid_field`, `too_many`, `forbidden`")))]
async fn block_at_call(
    State(blocks): State<CallBlocks>,
    officer: Allowed<BlockAtCall>,
    Json(body): Json<CallBody>,
) -> Result<(StatusCode, Json<CallReply>), Problem> {
    let caller = Caller::read(body.nik.expose(), body.full_name.expose(), body.birth_date.expose(), body.present)?;
    let taken = blocks.block(&officer, &caller, body.reason.expose()).await?;
    let hours = taken.until.map(|_| PROVISIONAL_SECONDS / HOUR);
    let call_back_days = CALL_BACK_SECONDS / DAY;
    let reply = CallReply { until: taken.until, hours, call_back_days, left_today: taken.left_today };
    Ok((StatusCode::ACCEPTED, Json(reply)))
}
