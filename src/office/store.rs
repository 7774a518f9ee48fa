//! SQL of offices.

use uuid::Uuid;

use super::model::{Kind, Office};
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::{execute, fetch_all, fetch_optional};

type Columns = (Uuid, String, String, Kind);

fn office((office_id, code, name, kind): Columns) -> Office {
    Office { office_id, code, name, kind }
}

const ADD: &str = "INSERT INTO office (office_id, code, name, kind, created_at) VALUES ($1, $2, $3, $4, $5)";

/// Adds an office. A second one with the same code is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, office: &Office, now: Timestamp) -> DbResult<()> {
    execute!(tx, ADD, office.office_id, &office.code, &office.name, office.kind, now).map(|_| ())
}

const ALL: &str = "SELECT office_id, code, name, kind FROM office ORDER BY code";

/// All offices by code.
pub async fn all(tx: &mut Tx) -> DbResult<Vec<Office>> {
    Ok(fetch_all!(tx, Columns, ALL)?.into_iter().map(office).collect())
}

const BY_CODE: &str = "SELECT office_id, code, name, kind FROM office WHERE code = $1";

/// The office with a code.
pub async fn by_code(tx: &mut Tx, code: &str) -> DbResult<Option<Office>> {
    Ok(fetch_optional!(tx, Columns, BY_CODE, code)?.map(office))
}

const BY_ID: &str = "SELECT office_id, code, name, kind FROM office WHERE office_id = $1";

/// The office with an id.
pub async fn by_id(tx: &mut Tx, id: Uuid) -> DbResult<Option<Office>> {
    Ok(fetch_optional!(tx, Columns, BY_ID, id)?.map(office))
}
