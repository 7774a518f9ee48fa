//! The address of a database: `database.url`, checked against what the drivers will really do with it.

use std::net::{IpAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::DbError;

/// Parameters that the PostgreSQL driver reads from the query of a URL. It ignores any other parameter and logs its
/// name and value, so a misspelt password would end up in the log.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];
/// A parameter that the driver does not know. This program always does what it asks for: it finds the server that
/// accepts writes.
const ATTRIBUTES: &str = "target_session_attrs";

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Address {
    /// A file of the embedded engine, as an absolute path, so that SQLite reads it neither as a URI nor as a special
    /// name such as `:memory:`.
    File(PathBuf),
    /// The servers to try, in order. Only one of them accepts writes at a time.
    Servers(Vec<PgConnectOptions>),
}

/// Why an address cannot be used. The text quotes nothing of the address, which may contain a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("database.url: {0}")]
pub struct AddressError(String);

impl AddressError {
    /// The same without the name of the key.
    pub fn what(&self) -> &str {
        &self.0
    }
}

fn wrong<T>(what: impl Into<String>) -> Result<T, AddressError> {
    Err(AddressError(what.into()))
}

impl Address {
    /// Reads `sqlite:PATH`, with the path taken literally, or
    /// `postgres://user:password@host[:port][,host[:port]…]/name?…`, with defaults from the environment (`PGHOST`,
    /// `PGSSLMODE` …).
    ///
    /// # Errors
    /// When it is neither, names no regular file, or contains a parameter that the driver would ignore.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return file_of(path.strip_prefix("//").unwrap_or(path));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return servers_of(url).map(Self::Servers);
        }
        wrong("must begin with sqlite: or postgres://")
    }

    /// The file at `path`, which may contain any character.
    ///
    /// # Errors
    /// When it cannot be the file of a database.
    pub fn file(path: &Path) -> Result<Self, AddressError> {
        let absolute = std::path::absolute(path).map_err(|error| AddressError(format!("the path: {error}")))?;
        if absolute.to_str().is_none() {
            return wrong("the path is not UTF-8, which the database demands: choose another folder");
        }
        if absolute.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return wrong("the path names a folder: add the name of the file");
        }
        match std::fs::metadata(&absolute) {
            Ok(found) if found.is_dir() => wrong("the path names a folder: add the name of the file"),
            // A device stores nothing.
            Ok(found) if !found.is_file() => wrong("the path names no file that lasts"),
            _ => Ok(Self::File(absolute)),
        }
    }

    /// Whether each server is on this machine or is reached through TLS that checks its name. True for a file.
    pub fn is_protected(&self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Servers(servers) => {
                servers.iter().all(|server| is_here(server) || matches!(server.get_ssl_mode(), PgSslMode::VerifyFull))
            }
        }
    }
}

/// Whether the driver will connect to this machine itself.
fn is_here(server: &PgConnectOptions) -> bool {
    let host = server.get_host();
    if server.get_socket().is_some() || host.starts_with('/') {
        return true;
    }
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        // `localhost` counts only if it also resolves to loopback addresses. Other names may do so today and not
        // tomorrow.
        Err(_) => {
            host.eq_ignore_ascii_case("localhost")
                && (host, server.get_port())
                    .to_socket_addrs()
                    .is_ok_and(|mut all| all.all(|one| one.ip().is_loopback()))
        }
    }
}

fn file_of(path: &str) -> Result<Address, AddressError> {
    let name = path.strip_prefix("file:").unwrap_or(path).split('?').next().unwrap_or_default().trim();
    if name.is_empty() || name == ":memory:" || path.contains("mode=memory") {
        return wrong("names no file, so that nothing would be kept: write sqlite: and the path of a file");
    }
    if path != path.trim() || path.contains(char::is_control) {
        return wrong("the path after sqlite: begins or ends with a blank or line break, or holds one: take it out");
    }
    if path.contains('?') {
        return wrong("a path after sqlite: has no parameters: leave out the ? and what follows");
    }
    if path.starts_with("file:") {
        return wrong("write the path itself after sqlite:, without file:");
    }
    let address = Address::file(Path::new(path))?;
    // Earlier versions percent-decoded the path. A database made then must not be ignored silently.
    if let (Address::File(plain), Ok(decoded)) = (&address, percent_decoded(path))
        && decoded != path
        && !plain.exists()
        && Path::new(&decoded).exists()
    {
        return wrong("the path is taken as it stands, and a file exists under what its %-signs stand for: write that");
    }
    Ok(address)
}

fn percent_decoded(path: &str) -> Result<String, std::str::Utf8Error> {
    percent_encoding::percent_decode_str(path).decode_utf8().map(std::borrow::Cow::into_owned)
}

/// One URL per server of the list, because the driver reads a single host.
fn servers_of(text: &str) -> Result<Vec<PgConnectOptions>, AddressError> {
    let Some((scheme, rest)) = text.split_once("://") else { return wrong("must begin with postgres://") };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
    let user = if user.is_empty() { String::new() } else { format!("{user}@") };
    let mut servers = Vec::new();
    for host in hosts.split(',') {
        if host.is_empty() && hosts.contains(',') {
            return wrong("a host is missing in the list");
        }
        servers.extend(server_of(&format!("{scheme}://{user}{host}{tail}"))?);
    }
    Ok(servers)
}

fn server_of(text: &str) -> Result<Vec<PgConnectOptions>, AddressError> {
    // The error does not quote the text, which may contain a password.
    let mut url = Url::parse(text).map_err(|error| AddressError(format!("cannot be read: {error}")))?;
    if url.fragment().is_some() {
        return wrong("a # must be written as %23");
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.set_query(None);
    for (key, value) in pairs {
        if key == ATTRIBUTES {
            if !matches!(value.as_str(), "any" | "read-write" | "primary") {
                return wrong(format!("{ATTRIBUTES}: only read-write is of use here"));
            }
            continue;
        }
        let known = PARAMETERS.contains(&key.as_str()) || key.starts_with("options[") && key.ends_with(']');
        if !known {
            // The parameter is not quoted: it may be part of a password that contains a `?`.
            return wrong(format!(
                "a parameter behind the ? is not known here: use {}, and write a ? of a password as %3F",
                PARAMETERS.join(", ")
            ));
        }
        if key == "port" && value.contains(',') {
            return wrong(
                "several hosts are written before the path, each with its port: postgres://a:5432,b:5432/name",
            );
        }
        url.query_pairs_mut().append_pair(&key, &value);
    }
    let server = PgConnectOptions::from_str(url.as_str())
        .map_err(|_| AddressError(String::from("a part or parameter of it cannot be used (host, port, sslmode …)")))?;
    let host = server.get_host().to_owned();
    if server.get_socket().is_some() {
        return Ok(vec![server]);
    }
    // Lists in a parameter or in PGHOST. The brackets of an IPv6 address belong to the URL; the driver would resolve
    // them as part of a name.
    let each = |host: &str| {
        let host = host.trim();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if bare.is_empty() { wrong("a host is missing in the list") } else { Ok(server.clone().host(bare)) }
    };
    host.split(',').map(each).collect()
}

impl From<AddressError> for DbError {
    fn from(error: AddressError) -> Self {
        Self::Other(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<(String, u16)> {
        match Address::parse(url) {
            Ok(Address::Servers(servers)) => {
                servers.iter().map(|server| (server.get_host().to_owned(), server.get_port())).collect()
            }
            other => panic!("{url}: {other:?}"),
        }
    }

    #[test]
    fn several_servers_are_read_from_one_url() {
        let pair = |host: &str, port| (host.to_owned(), port);
        assert_eq!(hosts("postgres://u:p@a:1,b:2,[::1]:3/x"), [pair("a", 1), pair("b", 2), pair("::1", 3)]);
        assert_eq!(hosts("postgresql://a,b/x?target_session_attrs=read-write").len(), 2);
        assert_eq!(hosts("postgres:///x?host=a,b&port=7"), [pair("a", 7), pair("b", 7)]);
        for wrong in [
            "postgres://a,,b/x",
            "postgres://a,/x",
            "postgres://a:1:2/x",
            "postgres://a/x?host=a,b&port=1,2",
            "postgres://a/x?target_session_attrs=standby",
            "postgres://a/x?sslmode=verify",
            "postgres://a/x?pasword=geheim",
            "postgres://ikd:42?geheim@db/ikd",
            "postgres://ikd:42?geheim=1@db/ikd",
            "postgres://u:p#q@a/x",
            "mysql://a/x",
            "/var/lib/ikd.db",
            "",
        ] {
            let told = Address::parse(wrong).expect_err(wrong).to_string();
            assert!(!told.contains("geheim"), "{told}");
        }
    }

    #[test]
    fn a_server_elsewhere_is_one_whatever_its_spelling() {
        // Each as libpq or the URL standard would let somebody write it.
        let here = [
            "postgres:///x?host=/run/postgresql",
            "postgres://%2Frun%2Fpostgresql/x",
            "postgres://db/x?host=/run/postgresql",
            // The driver goes by the socket once one is named.
            "postgres://localhost/x?host=/run/postgresql&host=db",
            "postgres://127.0.0.1/x",
            "postgres://127.9.9.9:5433/x",
            "postgres://[::1]/x",
            "postgres://[::ffff:127.0.0.1]/x",
            "postgres://LOCALHOST/x",
            "postgres://db/x?host=localhost",
        ];
        for url in here {
            assert!(Address::parse(url).unwrap().is_protected(), "{url}");
        }
        let elsewhere = [
            "postgres://db/x",
            "postgres://localhost/x?host=db",
            "postgres://127.0.0.1/x?hostaddr=10.1.2.3",
            "postgres://localhost/x?%68ost=db",
            "postgres://localhost@db/x",
            "postgres://u:p%40localhost@db/x",
            "postgres://localhost,db/x",
            "postgres://localhost/x?host=localhost,db",
            "postgres://localhost.evil.example/x",
            "postgres://localhost./x",
            "postgres://0.0.0.0/x",
            "postgres://[::]/x",
            "postgres://[fe80::1]/x",
            "postgres://127.0.0.1.nip.io/x",
            "postgres://127.1/x",
            "postgres://2130706433/x",
            "postgres://%6cocalhost/x",
            "postgresql://db/x",
            "postgres://db/x?sslmode=require",
            "postgres://db/x?sslmode=verify-ca",
            "postgres://db/x?sslmode=verify-full&sslmode=disable",
            "postgres://db/x?ssl-mode=verify-full&sslmode=prefer",
            "postgres://db/sslmode=verify-full",
            "postgres://sslmode=verify-full@db/x",
            "postgres://db/x?application_name=sslmode=verify-full",
        ];
        for url in elsewhere {
            assert!(!Address::parse(url).is_ok_and(|address| address.is_protected()), "{url}");
        }
        for url in [
            "postgres://db/x?sslmode=verify-full",
            "postgres://a,b/x?sslmode=disable&sslmode=verify-full",
            "postgres://a:1,localhost/x?ssl-mode=verify-full",
        ] {
            assert!(Address::parse(url).unwrap().is_protected(), "{url}");
        }
    }

    #[test]
    fn a_database_that_keeps_nothing_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        for url in [
            "sqlite:",
            "sqlite://",
            "sqlite: ",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite:?mode=memory",
            "sqlite:ikd.db?mode=memory",
            "sqlite:ikd.db?cache=shared",
            "sqlite:file::memory:",
            "sqlite:file:ikd.db?mode=memory&cache=shared",
            "sqlite:file:ikd.db",
            "sqlite:/",
            "sqlite:.",
            "sqlite:..",
            "sqlite:/dev/null",
            "sqlite:/tmp",
            "sqlite:newfolder/",
            &format!("sqlite:{at}"),
            &format!("sqlite:{at}/ikd.db\n"),
            &format!("sqlite:{at}/ikd.db "),
            &format!("sqlite: {at}/ikd.db"),
            &format!("sqlite:{at}/ik\nd.db"),
        ] {
            let told = Address::parse(url).expect_err(url).to_string();
            assert!(told.starts_with("database.url: "), "{told}");
        }
    }

    #[test]
    fn a_path_is_a_path() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["d%20y", "a b", "a#b", "a&b=c", "file:x", "é", "100%"] {
            let path = folder.path().join(name).join("ikd.db");
            let Ok(Address::File(found)) = Address::parse(&format!("sqlite:{}", path.display())) else {
                panic!("{name}")
            };
            assert_eq!(found, path);
        }
        let asked = folder.path().join("a?mode=memory").join("ikd.db");
        assert!(matches!(Address::file(&asked), Ok(Address::File(found)) if found == asked));
        use std::os::unix::ffi::OsStrExt;
        let latin = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")).join("ikd.db");
        assert!(Address::file(&latin).unwrap_err().to_string().contains("UTF-8"));
        // What an earlier version made of such a URL.
        let old = folder.path().join("d y.db");
        std::fs::write(&old, b"").unwrap();
        let told = Address::parse(&format!("sqlite:{}/d%20y.db", folder.path().display())).unwrap_err();
        assert!(told.to_string().contains('%'), "{told}");
        assert!(Address::parse(&format!("sqlite:{}", old.display())).is_ok());
    }
}
