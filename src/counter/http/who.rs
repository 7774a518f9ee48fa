//! Who stands at the counter, as an officer types it, and who helps them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{FieldError, Refusal, Text};
use crate::helper::{Helper, Noted};
use crate::input::{self, name};
use crate::register::{Date, Nik};
use crate::secret::Redacted;

/// Who helps the resident.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HelperBody {
    /// The helper's NIK.
    #[schema(value_type = String, example = "3171014507650002")]
    nik: Redacted<String>,
    /// The helper's name.
    #[schema(value_type = String, example = "Aminah")]
    full_name: Redacted<String>,
    /// What the helper is to the resident, 2–60 characters.
    #[schema(value_type = String, example = "anak")]
    relation: Redacted<String>,
}

/// Who helps, as the second person sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HelperReply {
    /// The name.
    #[schema(value_type = String)]
    full_name: Redacted<String>,
    /// What they are to the resident.
    #[schema(value_type = String)]
    relation: Redacted<String>,
    /// How many other people they have helped within a year: a child helps a parent, hardly anybody helps ten.
    people: i64,
}

impl HelperReply {
    /// Somebody who has helped so many other people.
    pub(super) fn of(helper: Noted, people: i64) -> Self {
        let Noted { full_name, relation, .. } = helper;
        Self { full_name, relation, people }
    }
}

/// Who was typed.
#[derive(Debug)]
pub(super) struct Who {
    pub nik: Nik,
    pub full_name: String,
    pub birth_date: Date,
    pub helper: Option<Helper>,
}

/// Reads who stands there: NIK, name and birth date, and who helps.
///
/// # Errors
/// `invalid_field`, of all that is wrong at once.
pub(super) fn read(
    (nik, full_name, birth_date): (&Redacted<String>, &Redacted<String>, &Redacted<String>),
    helper: Option<HelperBody>,
) -> Result<Who, Refusal> {
    let mut wrong = Vec::new();
    let mut demand = |field: &'static str, message: Text| wrong.push(FieldError { field: field.into(), message });
    let nik = Nik::parse(nik.expose()).map_err(|error| demand("nik", error.text())).ok();
    let full_name = name::clean(full_name.expose()).map_err(|error| demand("full_name", error.text())).ok();
    let birth_date = Date::parse(birth_date.expose()).ok();
    if birth_date.is_none() {
        demand("birth_date", Text::new("Tulis tanggal lahir: TTTT-BB-HH.", "Write the birth date: YYYY-MM-DD."));
    }
    let helper = helper.and_then(|body| read_helper(body, demand));
    match (nik, full_name, birth_date) {
        (Some(nik), Some(full_name), Some(birth_date)) if wrong.is_empty() => {
            Ok(Who { nik, full_name, birth_date, helper })
        }
        _ => Err(Refusal::fields(wrong)),
    }
}

/// Reads who helps; of somebody who was not typed there is none.
///
/// # Errors
/// `invalid_field`.
pub(super) fn helper(body: Option<HelperBody>) -> Result<Option<Helper>, Refusal> {
    let mut wrong = Vec::new();
    let read = body
        .and_then(|body| read_helper(body, |field, message| wrong.push(FieldError { field: field.into(), message })));
    if wrong.is_empty() { Ok(read) } else { Err(Refusal::fields(wrong)) }
}

fn read_helper(body: HelperBody, mut demand: impl FnMut(&'static str, Text)) -> Option<Helper> {
    let nik = Nik::parse(body.nik.expose()).map_err(|error| demand("helper.nik", error.text())).ok();
    let full_name = name::clean(body.full_name.expose()).map_err(|error| demand("helper.full_name", error.text())).ok();
    let relation = body.relation.expose().trim().to_owned();
    if !input::is_prose(&relation, 2..=60) {
        demand(
            "helper.relation",
            Text::new(
                "Tulis hubungan dengan warga, misalnya anak.",
                "Write what they are to the resident, such as child.",
            ),
        );
    }
    let (nik, full_name) = nik.zip(full_name)?;
    Some(Helper { nik, full_name: Redacted(full_name), relation: Redacted(relation) })
}

/// Reads the name of a witness: of what is empty there is none.
///
/// # Errors
/// `invalid_field`.
pub(super) fn witness(name: Option<Redacted<String>>) -> Result<Option<Redacted<String>>, Refusal> {
    let Some(typed) = name.filter(|name| !name.expose().trim().is_empty()) else { return Ok(None) };
    match name::clean(typed.expose()) {
        Ok(clean) => Ok(Some(Redacted(clean))),
        Err(error) => Err(Refusal::fields(vec![FieldError { field: "witness".into(), message: error.text() }])),
    }
}
