//! Parses connection strings: URLs, and libpq's `key=value` words.

use std::collections::BTreeMap;

/// libpq's keywords in a connection string, each with the variable that can set it instead.
pub(super) const KEYWORDS: [(&str, Option<&str>); 22] = [
    ("host", Some("PGHOST")),
    ("hostaddr", Some("PGHOSTADDR")),
    ("port", Some("PGPORT")),
    ("dbname", Some("PGDATABASE")),
    ("user", Some("PGUSER")),
    ("password", Some("PGPASSWORD")),
    ("passfile", Some("PGPASSFILE")),
    ("application_name", Some("PGAPPNAME")),
    ("fallback_application_name", None),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    ("options", Some("PGOPTIONS")),
    ("sslmode", Some("PGSSLMODE")),
    ("sslrootcert", Some("PGSSLROOTCERT")),
    ("sslnegotiation", Some("PGSSLNEGOTIATION")),
    ("channel_binding", Some("PGCHANNELBINDING")),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    ("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    ("keepalives", None),
    ("keepalives_idle", None),
    ("keepalives_interval", None),
    ("keepalives_count", None),
    ("tcp_user_timeout", None),
];

/// libpq's settings that cruddur lacks. Ignoring one would connect in a different way than asked,
/// so they are errors.
pub(super) const UNSUPPORTED: [(&str, &str, &str); 9] = [
    ("service", "PGSERVICE", "cruddur reads no service files"),
    ("sslcert", "PGSSLCERT", "cruddur sends no client certificates"),
    ("sslkey", "PGSSLKEY", "cruddur sends no client certificates"),
    ("sslcrl", "PGSSLCRL", "cruddur reads no revocation lists"),
    ("sslcrldir", "PGSSLCRLDIR", "cruddur reads no revocation lists"),
    ("requirepeer", "PGREQUIREPEER", "cruddur does not check the account that runs the server"),
    ("require_auth", "PGREQUIREAUTH", "cruddur does not restrict authentication methods"),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", "cruddur uses TLS 1.2 or 1.3"),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", "cruddur uses TLS 1.2 or 1.3"),
];

/// Settings that make no difference to cruddur, with the values for which that is true.
pub(super) const WITHOUT_EFFECT: [(&str, &[&str]); 5] = [
    ("gssencmode", &["disable", "prefer"]),
    ("sslcompression", &["0", "1"]),
    ("sslsni", &["1"]),
    ("sslcertmode", &["disable", "allow"]),
    ("client_encoding", &["UTF8", "utf8", "UTF-8", "utf-8", "auto"]),
];

/// Whether `keyword` is known, so that a message may show it.
pub(super) fn is_known(keyword: &str) -> bool {
    KEYWORDS.iter().any(|(known, _)| *known == keyword)
        || UNSUPPORTED.iter().any(|(known, ..)| *known == keyword)
        || WITHOUT_EFFECT.iter().any(|(known, _)| *known == keyword)
}

/// Why a connection string cannot be parsed. Never holds a part of it, which could be the password.
pub(super) struct Problem {
    /// What is wrong with it.
    pub(super) why: String,
    /// Whether percent-encoding would fix it.
    pub(super) encoding: bool,
}

impl Problem {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), encoding: false }
    }
}

/// Parses a connection string into values by libpq's keywords; the last of two values counts.
/// Leaves out empty values, which libpq treats as unset.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, Problem> {
    let url = ["postgres://", "postgresql://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    // A value after a keyword may contain ://, as in password='a://b'.
    let is_other_url = text.split_once("://").is_some_and(|(scheme, _)| !scheme.contains('='));
    let mut found = match url {
        Some(rest) => parse_url(rest)?,
        None if is_other_url => return Err(Problem::new("it does not begin with postgresql://")),
        None => parse_words(text)?,
    };
    found.retain(|_, value| !value.is_empty());
    Ok(found)
}

/// Parses `USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?KEY=VALUE&…`, each part optional.
fn parse_url(rest: &str) -> Result<BTreeMap<String, String>, Problem> {
    check_encoding(rest).map_err(|why| Problem { why: why.to_owned(), encoding: true })?;
    let mut found = BTreeMap::new();
    let mut put = |keyword: &str, value: &str| -> Result<(), Problem> {
        found.insert(keyword.to_owned(), decode(value, keyword)?);
        Ok(())
    };
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (credentials, place) = before_query.split_once('@').unwrap_or(("", before_query));
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let (servers, database) = place.split_once('/').unwrap_or((place, ""));
    let (hosts, ports) = split_servers(servers)?;
    put("user", user)?;
    put("password", password)?;
    put("host", &hosts)?;
    put("port", &ports)?;
    put("dbname", database)?;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (keyword, value) =
            parameter.split_once('=').ok_or_else(|| Problem::new("a parameter after the ? has no value"))?;
        match (decode(keyword, "parameter")?.as_str(), value) {
            // The form of JDBC drivers, which libpq accepts too.
            ("ssl", "true") => put("sslmode", "require")?,
            (keyword, value) => put(keyword, value)?,
        }
    }
    Ok(found)
}

/// Splits servers into hosts and ports as libpq's keywords hold them: two lists with commas.
fn split_servers(servers: &str) -> Result<(String, String), Problem> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for server in servers.split(',') {
        let (host, port) = match server.strip_prefix('[') {
            None => server.split_once(':').unwrap_or((server, "")),
            Some(address) => {
                let bad = || Problem::new("its host is not valid");
                let (host, rest) = address.split_once(']').ok_or_else(bad)?;
                let port = if rest.is_empty() { "" } else { rest.strip_prefix(':').ok_or_else(bad)? };
                (host, port)
            }
        };
        hosts.push(host);
        ports.push(port);
    }
    // A list of empty items counts as unset, so that a variable may fill it in.
    let join = |list: Vec<&str>| {
        if list.iter().all(|item| item.is_empty()) { String::new() } else { list.join(",") }
    };
    Ok((join(hosts), join(ports)))
}

/// Parses `key = value key='a value'`; a backslash escapes the next character.
fn parse_words(text: &str) -> Result<BTreeMap<String, String>, Problem> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (keyword, after) = rest.split_at(end);
        let after = after
            .trim_start()
            .strip_prefix('=')
            .filter(|_| !keyword.is_empty())
            .ok_or_else(|| Problem::new("it cannot be parsed"))?
            .trim_start();
        let (value, after) = match after.strip_prefix('\'') {
            Some(quoted) => take_value(quoted, |c| c == '\'')
                .and_then(|(value, after)| Some((value, after.strip_prefix('\'')?)))
                .ok_or_else(|| Problem::new("a quote is never closed"))?,
            None => take_value(after, char::is_whitespace).unwrap_or_default(),
        };
        found.insert(keyword.to_owned(), value);
        rest = after.trim_start();
    }
    Ok(found)
}

/// Reads a value up to its end. Returns it with the rest, or `None` for a trailing backslash.
fn take_value(text: &str, ends: impl Fn(char) -> bool) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => value.push(characters.next()?.1),
            c if ends(c) => return Some((value, &text[at..])),
            c => value.push(c),
        }
    }
    Some((value, ""))
}

/// Rejects a URL in which unencoded characters make it unclear where the password ends.
///
/// libpq splits at the first `@`. The rest of such a password would become the host, and appear in
/// messages and DNS lookups.
fn check_encoding(rest: &str) -> Result<(), &'static str> {
    let before_query = rest.split('?').next().unwrap_or_default();
    match before_query.matches('@').count() {
        0 if rest.contains('@') => return Err("there is a ? before the @"),
        0 => {}
        1 => {
            let credentials = before_query.split('@').next().unwrap_or_default();
            if credentials.contains('/') {
                return Err("there is a / before the @");
            }
            if credentials.matches(':').count() > 1 {
                return Err("there is more than one : before the @");
            }
        }
        _ => return Err("it has more than one @"),
    }
    if rest.contains('#') {
        return Err("it has a #");
    }
    let bytes = rest.as_bytes();
    let stray = bytes.iter().enumerate().any(|(at, byte)| {
        *byte == b'%' && !bytes.get(at + 1..at + 3).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
    });
    if stray { Err("a % is not followed by two hexadecimal digits") } else { Ok(()) }
}

/// Percent-decodes a value whose encoding has been checked.
fn decode(text: &str, keyword: &str) -> Result<String, Problem> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(decoded) if byte == b'%' => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    // An unknown keyword may be part of the password.
    let what = if is_known(keyword) { keyword } else { "parameter" };
    if bytes.contains(&0) {
        return Err(Problem::new(format!("its {what} contains a %00")));
    }
    String::from_utf8(bytes).map_err(|_| Problem::new(format!("its {what} is not UTF-8 text")))
}
