//! The office's own row.

use uuid::Uuid;

use crate::changed::Changed;
use crate::clock::Timestamp;
use crate::db::{DbResult, Tx};
use crate::office::model::{Kind, Office, Place, Point, Zone};
use crate::{change, execute, fetch_all, fetch_optional};

#[derive(sqlx::FromRow)]
struct Row {
    office_id: Uuid,
    code: String,
    name: String,
    kind: Kind,
    parent_id: Option<Uuid>,
    zone: Zone,
    ended_at: Option<Timestamp>,
    address: Option<String>,
    latitude: Option<i64>,
    longitude: Option<i64>,
    capacity: Option<i64>,
    phone: Option<String>,
    note: Option<String>,
    revision: i64,
}

/// An office with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The office.
    pub office: Office,
    /// Where it is.
    pub place: Place,
    /// Raised by every write.
    pub revision: i64,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let Row { office_id, code, name, kind, parent_id, zone, ended_at, address, capacity, phone, note, .. } = row;
        let point = row.latitude.zip(row.longitude).map(|(latitude, longitude)| Point { latitude, longitude });
        Self {
            office: Office { office_id, code, name, kind, parent_id, zone, ended_at },
            place: Place { address, point, capacity, phone, note },
            revision: row.revision,
        }
    }
}

macro_rules! select_office {
    ($rest:literal) => {
        concat!(
            "SELECT office_id, code, name, kind, parent_id, zone, ended_at, address, latitude, longitude, capacity, phone, \
             note, revision FROM office ",
            $rest
        )
    };
}

const ADD: &str =
    "INSERT INTO office (office_id, code, name, kind, zone, created_at, revision) VALUES ($1, $2, $3, $4, $5, $6, 0)";

/// Adds an office, with nothing above it. A second one with the same code is refused as `DbError::Unique`.
pub async fn add(tx: &mut Tx, office: &Office, now: Timestamp) -> DbResult<()> {
    execute!(tx, ADD, office.office_id, &office.code, &office.name, office.kind, office.zone, now).map(|_| ())
}

const ALL: &str = select_office!("ORDER BY code");

/// All offices by code.
pub async fn all(tx: &mut Tx) -> DbResult<Vec<Entry>> {
    Ok(fetch_all!(tx, Row, ALL)?.into_iter().map(Entry::from).collect())
}

const OPEN: &str = select_office!("WHERE code > $1 AND ended_at IS NULL ORDER BY code LIMIT $2");

/// Offices that are not closed for good, by code, after one.
pub async fn open(tx: &mut Tx, after: &str, limit: i64) -> DbResult<Vec<Entry>> {
    Ok(fetch_all!(tx, Row, OPEN, after, limit)?.into_iter().map(Entry::from).collect())
}

const BELOW: &str = select_office!("WHERE parent_id = $1 AND code > $2 ORDER BY code LIMIT $3");

/// The offices right below one, by code, after one; closed ones too.
pub async fn below(tx: &mut Tx, above: Uuid, after: &str, limit: i64) -> DbResult<Vec<Entry>> {
    Ok(fetch_all!(tx, Row, BELOW, above, after, limit)?.into_iter().map(Entry::from).collect())
}

const ROOTS: &str = select_office!("WHERE parent_id IS NULL AND code > $1 ORDER BY code LIMIT $2");

/// The offices that stand below none, by code, after one; closed ones too.
pub async fn roots(tx: &mut Tx, after: &str, limit: i64) -> DbResult<Vec<Entry>> {
    Ok(fetch_all!(tx, Row, ROOTS, after, limit)?.into_iter().map(Entry::from).collect())
}

const BY_CODE: &str = select_office!("WHERE code = $1");

/// The office with a code.
pub async fn by_code(tx: &mut Tx, code: &str) -> DbResult<Option<Entry>> {
    Ok(fetch_optional!(tx, Row, BY_CODE, code)?.map(Entry::from))
}

const BY_ID: &str = select_office!("WHERE office_id = $1");

/// The office with an id.
pub async fn by_id(tx: &mut Tx, id: Uuid) -> DbResult<Option<Entry>> {
    Ok(fetch_optional!(tx, Row, BY_ID, id)?.map(Entry::from))
}

const SAVE: &str = "UPDATE office SET name = $3, kind = $4, zone = $5, address = $6, latitude = $7, longitude = $8, capacity = $9, \
    phone = $10, note = $11, revision = revision + 1 \
    WHERE office_id = $1 AND revision = $2 AND ended_at IS NULL AND ($4 <> 'dinas' OR parent_id IS NULL)";

/// Writes what was edited, if it still is of the revision that was read. A miss also for an office that is closed for good, and for one that is
/// to become a dinas while another stands above it.
pub async fn save(tx: &mut Tx, entry: &Entry) -> DbResult<Changed> {
    let Entry { office, place, revision } = entry;
    let (latitude, longitude) = place.point.map(|point| (point.latitude, point.longitude)).unzip();
    change!(
        tx,
        SAVE,
        office.office_id,
        *revision,
        &office.name,
        office.kind,
        office.zone,
        &place.address,
        latitude,
        longitude,
        place.capacity,
        &place.phone,
        &place.note
    )
}

const CLOSE: &str = "UPDATE office SET ended_at = $2, revision = revision + 1 WHERE office_id = $1 AND ended_at IS NULL \
    AND NOT EXISTS (SELECT 1 FROM office below WHERE below.parent_id = $1 AND below.ended_at IS NULL)";

/// Closes an office for good. A miss when it is closed, or when one that is not stands right below it.
pub async fn close(tx: &mut Tx, id: Uuid, now: Timestamp) -> DbResult<Changed> {
    change!(tx, CLOSE, id, now)
}

const REOPEN: &str = "UPDATE office SET ended_at = NULL, revision = revision + 1 WHERE office_id = $1 AND ended_at IS NOT NULL \
    AND (parent_id IS NULL OR EXISTS (SELECT 1 FROM office above WHERE above.office_id = office.parent_id AND above.ended_at IS NULL))";

/// Opens a closed one again. A miss when it is not closed, or when the one above it is.
pub async fn reopen(tx: &mut Tx, id: Uuid) -> DbResult<Changed> {
    change!(tx, REOPEN, id)
}
