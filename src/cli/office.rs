//! `ikd office`.

use serde_json::{Value, json};

use super::{Failure, Format};
use crate::context::Context;
use crate::error::Refusal;
use crate::office::model::{Edit, Region, Week, Zone};
use crate::office::ports::{Full, Holiday};
use crate::office::{Kind, Offices};
use crate::register::Date;

/// Commands on offices.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add an office or outreach post.
    Add {
        /// Short code: capital letters, digits, hyphens.
        code: String,
        /// Name, as residents know it.
        name: String,
        /// What it is.
        #[arg(long, value_enum, default_value_t)]
        kind: Kind,
    },
    /// List all offices.
    List,
    /// Show all that is known of an office.
    Show {
        /// Its code.
        code: String,
    },
    /// Change what an office is and what residents read of it. An empty text takes something away.
    Edit(Box<EditArgs>),
    /// Say when an office is open, each day and time: 'mon-thu 08:00-15:30' 'fri 08:00-11:30'. Without any, nothing is said.
    Hours {
        /// Its code.
        code: String,
        /// Days and times, in the office's zone.
        hours: Vec<String>,
    },
    /// Days on which an office is closed all the same.
    Holiday {
        /// What to do with them.
        #[command(subcommand)]
        command: HolidayCommand,
    },
    /// Close an office for good: its people cannot log in, and residents do not find it.
    Close {
        /// Its code.
        code: String,
    },
    /// Open a closed office again.
    Reopen {
        /// Its code.
        code: String,
    },
}

/// What is changed about an office.
#[derive(Debug, clap::Args)]
pub struct EditArgs {
    /// Its code.
    code: String,
    /// Name, as residents know it.
    #[arg(long)]
    name: Option<String>,
    /// What it is.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Code of the office above it; '' for none.
    #[arg(long, value_name = "CODE")]
    parent: Option<String>,
    /// Codes of the regions whose people it serves, with commas: 3171,317301.
    #[arg(long, value_delimiter = ',')]
    regions: Option<Vec<String>>,
    /// Street, number, town.
    #[arg(long)]
    address: Option<String>,
    /// Latitude and longitude: -6.1754,106.8272.
    #[arg(long, allow_hyphen_values = true)]
    point: Option<String>,
    /// Zone of its clocks.
    #[arg(long, value_enum)]
    zone: Option<Zone>,
    /// Residents whom it serves in one slot of an hour; 0 for none.
    #[arg(long)]
    capacity: Option<i64>,
    /// Phone number.
    #[arg(long)]
    phone: Option<String>,
    /// What residents read beside the hours.
    #[arg(long)]
    note: Option<String>,
}

/// Commands on holidays.
#[derive(Debug, clap::Subcommand)]
pub enum HolidayCommand {
    /// An office is closed on a day.
    Add {
        /// Its code.
        code: String,
        /// The day: 2027-08-17.
        day: Date,
        /// Why, as residents read it.
        name: String,
        /// All offices below it are closed too.
        #[arg(long)]
        below: bool,
    },
    /// An office is open on a day after all.
    Remove {
        /// Its code.
        code: String,
        /// The day.
        day: Date,
    },
}

/// Runs a command.
///
/// # Errors
/// [`Failure::Refused`] for bad input, [`Failure::Environment`] when the database cannot be used.
pub async fn run(command: Command, context: &Context, format: Format) -> Result<(), Failure> {
    let offices = Offices::new(context.clone());
    match command {
        Command::Add { code, name, kind } => {
            let office = offices.add(&code, &name, kind).await?;
            match format {
                Format::Text => say!("added office {} ({})", office.code, office.name),
                Format::Json => say!("{}", json!({"office_id": office.office_id, "code": office.code})),
            }
            Ok(())
        }
        Command::List => list(&offices, format).await,
        Command::Show { code } => tell(&offices.show(&code).await?, format),
        Command::Edit(args) => {
            let (code, edit) = args.edit()?;
            tell(&offices.edit(&code, edit).await?, format)
        }
        Command::Hours { code, hours } => {
            let week = Week::parse(&hours).map_err(crate::error::Error::from)?;
            tell(&offices.edit(&code, Edit { week: Some(week), ..Edit::default() }).await?, format)
        }
        Command::Holiday { command: HolidayCommand::Add { code, day, name, below } } => {
            let closed = offices.add_holiday(&code, &Holiday { day, name }, below).await?;
            match format {
                Format::Text => say!("closed on {day}: {closed} office(s)"),
                Format::Json => say!("{}", json!({"code": code, "day": day, "offices": closed})),
            }
            Ok(())
        }
        Command::Holiday { command: HolidayCommand::Remove { code, day } } => {
            offices.remove_holiday(&code, day).await?;
            done(format, &code, "open after all", &json!({"code": code, "day": day}))
        }
        Command::Close { code } => {
            offices.close(&code).await?;
            done(format, &code, "closed", &json!({"code": code, "closed": true}))
        }
        Command::Reopen { code } => {
            offices.reopen(&code).await?;
            done(format, &code, "open again", &json!({"code": code, "closed": false}))
        }
    }
}

fn done(format: Format, code: &str, what: &str, document: &Value) -> Result<(), Failure> {
    match format {
        Format::Text => say!("office {code}: {what}"),
        Format::Json => say!("{document}"),
    }
    Ok(())
}

async fn list(offices: &Offices, format: Format) -> Result<(), Failure> {
    let rows = offices.all().await?;
    match format {
        Format::Text => {
            for row in rows {
                let closed = if row.ended_at.is_some() { " (closed)" } else { "" };
                say!("{:20} {:8} {}{closed}", row.code, row.kind.as_str(), row.name);
            }
        }
        Format::Json => {
            let items: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({"office_id": row.office_id, "code": row.code, "name": row.name, "kind": row.kind.as_str(),
                        "closed": row.ended_at.is_some()})
                })
                .collect();
            say!("{}", json!({"offices": items}));
        }
    }
    Ok(())
}

impl EditArgs {
    fn edit(self) -> Result<(String, Edit), Failure> {
        let regions = self.regions.map(|codes| {
            let codes = codes.iter().filter(|code| !code.trim().is_empty());
            codes.map(|code| Region::parse(code)).collect::<Result<Vec<_>, Refusal>>()
        });
        let edit = Edit {
            name: self.name,
            kind: self.kind,
            parent: self.parent,
            regions: regions.transpose().map_err(crate::error::Error::from)?,
            address: self.address,
            point: self.point,
            zone: self.zone,
            capacity: self.capacity,
            phone: self.phone,
            note: self.note,
            week: None,
        };
        Ok((self.code, edit))
    }
}

/// Prints an office.
fn tell(full: &Full, format: Format) -> Result<(), Failure> {
    let (office, place) = (&full.entry.office, &full.entry.place);
    let above: Vec<_> = full.above.iter().map(|one| one.code.as_str()).collect();
    match format {
        Format::Text => {
            let regions = full.regions.iter().map(|one| format!("{} {}", one.code(), one.name().unwrap_or("?")));
            let regions = regions.collect::<Vec<_>>().join(", ");
            let point = place.point.map(|point| point.to_string());
            let capacity = place.capacity.map(|number| number.to_string());
            let ended = office.ended_at.map(|at| at.to_rfc3339());
            say!("{} {}", office.code, office.name);
            for (label, value) in [
                ("kind", Some(office.kind.as_str().to_owned())),
                ("below", Some(above.join(" < ")).filter(|text| !text.is_empty())),
                ("regions", Some(regions).filter(|text| !text.is_empty())),
                ("address", place.address.clone()),
                ("point", point),
                ("zone", Some(office.zone.as_str().to_uppercase())),
                ("hours", Some(full.week.to_string()).filter(|text| !text.is_empty())),
                ("capacity", capacity),
                ("phone", place.phone.clone()),
                ("note", place.note.clone()),
                ("closed", ended),
            ] {
                if let Some(value) = value {
                    say!("  {label:9} {value}");
                }
            }
            for holiday in &full.holidays {
                say!("  {:9} {} {}", "holiday", holiday.day, holiday.name);
            }
        }
        Format::Json => {
            let regions: Vec<_> = full.regions.iter().map(Region::code).collect();
            let holidays: Vec<_> = full.holidays.iter().map(|one| json!({"day": one.day, "name": one.name})).collect();
            say!(
                "{}",
                json!({"office_id": office.office_id, "code": office.code, "name": office.name, "kind": office.kind.as_str(),
                    "above": above, "regions": regions, "address": place.address,
                    "point": place.point.map(|point| point.to_string()), "zone": office.zone.as_str(),
                    "hours": full.week.to_string(), "capacity": place.capacity, "phone": place.phone, "note": place.note,
                    "closed": office.ended_at.is_some(), "holidays": holidays})
            );
        }
    }
    Ok(())
}
