//! `ikd demo`.

use std::io::IsTerminal;
use std::net::IpAddr;
use std::path::PathBuf;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Failure, Format, given_or_read};
use crate::config::{Log, LogFormat};
use crate::demo::lan::{Lan, guide};
use crate::demo::setup::{Demo, DemoLogIn, DemoSettings};
use crate::demo::walk::{Script, walk};
use crate::random::Random;

/// Arguments of `ikd demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stop after the walk; exit code 0 when every step went as it should.
    #[arg(long)]
    exit: bool,
    /// Only serve, without the walk.
    #[arg(long, conflicts_with = "exit")]
    no_walk: bool,
    /// Port; 0 takes a free one [default: 8080, with --lan 8443, or a free one when that is taken or with --exit].
    #[arg(long)]
    port: Option<u16>,
    /// For phones in the same network: https on all addresses of this machine, with a certificate made on the spot, and a
    /// QR to open.
    #[arg(long)]
    lan: bool,
    /// With --lan: the address that phones open; listen on it only.
    #[arg(long, value_name = "IP", requires = "lan")]
    address: Option<IpAddr>,
    /// Folder of database, keys, mailbox and pictures; kept [default: a new temporary folder, removed at the end].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Use this database instead of a SQLite file in the folder, e.g. postgres://…. With a password in it, give `-` and the URL
    /// on standard input: arguments stand in the list of processes.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// Runs the demo.
///
/// # Errors
/// [`Failure::Refused`] when a step of the walk went wrong, [`Failure::Environment`] when folder, port or database cannot
/// be used.
pub async fn run(args: Args, format: Format) -> Result<(), Failure> {
    // Whoever tries it looks at what it prints: nobody watches for attacks here.
    crate::telemetry::init(&Log { format: LogFormat::Text, level: String::from("warn,ikd::security=off") });
    let (folder, temporary) = match args.data.clone() {
        Some(folder) => (folder, false),
        None => {
            let name = format!("ikd-demo-{}", crate::keyring::model::hex(&Random::system().bytes::<6>()));
            (std::env::temp_dir().join(name), true)
        }
    };
    let done = Box::pin(perform(&args, folder.clone(), format)).await;
    if temporary {
        let _ = std::fs::remove_dir_all(&folder);
    }
    done
}

async fn perform(args: &Args, folder: PathBuf, format: Format) -> Result<(), Failure> {
    let text = format == Format::Text;
    if text {
        say!("setting up: keys, database, 40 synthetic residents with portraits …");
    }
    if std::fs::metadata(&folder).is_ok_and(|found| !found.is_dir()) {
        return Err(Failure::Usage(format!("--data {}: this is a file; name a folder", folder.display())));
    }
    let database = args.database.clone().map(|url| given_or_read(url, "Database: ")).transpose()?;
    let lan = if args.lan { Some(Lan::find(args.address)?) } else { None };
    let settings = |port| DemoSettings { data: folder.clone(), database: database.clone(), port, lan: lan.clone() };
    let port = match args.port {
        Some(port) => port,
        None if args.exit => 0,
        None => {
            let (address, usual) = match &lan {
                Some(lan) => (lan.primary, 8443),
                None => (IpAddr::from([127, 0, 0, 1]), 8080),
            };
            let free = tokio::net::TcpListener::bind((address, usual)).await.is_ok();
            if free { usual } else { 0 }
        }
    };
    // Boxed: setting up holds what each of its steps holds.
    let demo = Box::pin(Demo::set_up(&settings(port))).await?;
    let script = Script::new(&demo, &folder);
    let ready = ready_line(&demo);
    let logins = text.then(|| {
        // The mailbox answers this machine alone, under a name of loopback.
        let mailbox = match &lan {
            None => format!("{}/mailbox", demo.base_url),
            Some(lan) if lan.listen.iter().all(|address| !address.is_unspecified() && !address.is_loopback()) => {
                demo.mailbox.display().to_string()
            }
            Some(_) => {
                let port = demo.base_url.rsplit(':').next().unwrap_or_default();
                format!("https://localhost:{port}/mailbox (on this computer)")
            }
        };
        let mut text = logins(&demo, &mailbox);
        if let (Some(lan), Some(certificate)) = (&lan, &demo.certificate) {
            text.push_str(&guide(&demo.base_url, &lan.url_names(), certificate, std::io::stdout().is_terminal()));
        }
        text
    });
    let stop = CancellationToken::new();
    let Demo { app, listener, .. } = demo;
    let serving = tokio::spawn(app.run(listener, None, stop.clone()));
    let walked = if args.no_walk { Ok(()) } else { walk(&script, !text).await };
    let walked = walked.map_err(|error| Failure::Refused(format!("the walk stopped: {error}")));
    if walked.is_ok() && !args.exit {
        match logins {
            Some(logins) => say!("{logins}"),
            None => say!("{ready}"),
        }
        super::serve::stop_signal()?.cancelled().await;
    }
    stop.cancel();
    let _ = serving.await;
    walked
}

fn log_in(person: &DemoLogIn) -> serde_json::Value {
    let DemoLogIn { username, password, totp_secret } = person;
    json!({"username": username, "password": password.expose(), "totp_secret": totp_secret.expose()})
}

fn ready_line(demo: &Demo) -> String {
    let residents: Vec<_> = demo
        .residents
        .iter()
        .map(|record| {
            json!({"nik": record.nik.as_str(), "full_name": record.full_name,
                "birth_date": record.birth_date.to_string()})
        })
        .collect();
    let mut ready = json!({
        "base_url": demo.base_url,
        "officer": log_in(&demo.officer),
        "supervisors": demo.supervisors.iter().map(log_in).collect::<Vec<_>>(),
        "head": log_in(&demo.others[0]),
        "assistant": log_in(&demo.others[1]),
        "administrators": demo.nation[..2].iter().map(log_in).collect::<Vec<_>>(),
        "auditor": log_in(&demo.nation[2]),
        "province": log_in(&demo.nation[3]),
        "teller": log_in(&demo.employee),
        "relying_party": {"api_key": demo.api_key.expose(), "purposes": demo.purposes},
        "mailbox_dir": demo.mailbox.display().to_string(),
        "residents": residents,
    });
    if let Some(certificate) = &demo.certificate {
        ready["certificate"] = json!({"pem": certificate.pem, "sha256": certificate.fingerprint()});
    }
    ready.to_string()
}

fn logins(demo: &Demo, mailbox: &str) -> String {
    let base = &demo.base_url;
    let mut text = format!(
        "\nserving at {base} until Ctrl-C\n  API description    {base}/docs\n  mailbox            {mailbox}\n  clock, outage      \
         POST {base}/demo/clock, {base}/demo/register\n"
    );
    let ([first, second], [head, assistant]) = (&demo.supervisors, &demo.others);
    let [national, other, auditor, province] = &demo.nation;
    for (who, person) in [
        ("officer", &demo.officer),
        ("supervisor", first),
        ("another one", second),
        ("head", head),
        ("assistant", assistant),
        ("administrator", national),
        ("another one", other),
        ("auditor", auditor),
        ("province", province),
        ("bank's teller", &demo.employee),
    ] {
        let DemoLogIn { username, password, totp_secret } = person;
        let (password, secret) = (password.expose(), totp_secret.expose());
        text.push_str(&format!("  {who:18} {username} / {password}\n    authenticator    {secret}\n"));
    }
    let (key, purposes) = (demo.api_key.expose(), demo.purposes.join(", "));
    text.push_str(&format!(
        "  bank's API key     {key}\n    purposes         {purposes}\n  residents to play (made up):\n"
    ));
    for record in &demo.residents {
        text.push_str(&format!("    {}  {}  {}\n", record.nik.as_str(), record.birth_date, record.full_name));
    }
    text
}
