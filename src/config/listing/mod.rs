//! Lists every setting, so that users see which value counts and why.
//!
//! Every variable that cruddur reads must be listed here: a test compares the names in the source
//! with this list.

mod postgres;

use serde::Serialize;

use super::environment::{Setting, Source, names_with};
use super::mask::Mask;
use super::{
    CLIENT_VARIABLE, Config, DEFAULT_PEOPLE, DEFAULT_TABLE, DUMMY_REGION, Host, LOCAL_CLIENT,
    PEOPLE_VARIABLES, Service, Signs, Target, USER_POOL_VARIABLES,
};
use crate::error::span;

/// A setting and its values.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Listed {
    /// Its name, such as `dynamodb endpoint`.
    pub name: String,
    /// The value that counts, masked if secret. `None` when nothing is set.
    pub value: Option<String>,
    /// Where that value comes from.
    pub source: Option<String>,
    /// Whether the value is a secret.
    pub secret: bool,
    /// The values that this one overrides.
    pub shadows: Vec<Passed>,
    /// Values that are set but ignored here.
    pub ignored: Vec<Passed>,
    /// Other remarks.
    pub note: Option<String>,
    /// The flag that sets it; not every command has it.
    pub flag: Option<&'static str>,
    /// The variables that set it; the first one set wins.
    pub variables: Vec<String>,
}

/// A value that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// Where it is set.
    pub source: String,
    /// The value, masked if secret.
    pub value: String,
    /// Why it does not count.
    pub why: Option<String>,
}

/// How to find a setting.
struct Spec<'a> {
    name: &'a str,
    flag: Option<&'static str>,
    /// The value of the flag.
    given: Option<String>,
    variables: &'a [&'a str],
    default: Option<String>,
    mask: Mask,
    /// Why variables are ignored here.
    no_variable: Option<&'static str>,
    note: Option<&'static str>,
}

impl<'a> Spec<'a> {
    const fn new(name: &'a str, variables: &'a [&'a str]) -> Self {
        Self {
            name,
            flag: None,
            given: None,
            variables,
            default: None,
            mask: Mask::Open,
            no_variable: None,
            note: None,
        }
    }

    fn flag(self, flag: &'static str, given: Option<String>) -> Self {
        Self { flag: Some(flag), given, ..self }
    }

    fn default(self, default: impl Into<String>) -> Self {
        Self { default: Some(default.into()), ..self }
    }

    const fn mask(mut self, mask: Mask) -> Self {
        self.mask = mask;
        self
    }

    const fn note(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }
}

impl Config {
    /// Every setting, in groups, set or not. Reads no AWS profile and makes no requests.
    pub fn listing(&self) -> Vec<Listed> {
        let mut rows = self.world();
        rows.extend(self.aws_settings());
        rows.extend(self.postgres_settings());
        rows.extend(self.other_settings());
        rows.extend(self.unknown_settings(&rows));
        rows
    }

    /// Finds the values of a setting: the one that counts, and those that do not.
    fn listed(&self, spec: Spec<'_>) -> Listed {
        let from_flag = spec.flag.zip(spec.given);
        let mut set: Vec<Setting> = from_flag
            .map(|(flag, value)| Setting { value, source: Source::Flag(flag) })
            .into_iter()
            .collect();
        let variables = self.environment.all(spec.variables);
        let mut ignored = Vec::new();
        match spec.no_variable {
            None => set.extend(variables),
            Some(why) => {
                ignored.extend(variables.iter().map(|setting| passed(setting, spec.mask, Some(why))));
            }
        }
        if set.is_empty() {
            set.extend(spec.default.map(|value| Setting { value, source: Source::Default }));
        }
        let mut set = set.iter();
        let counts = set.next();
        Listed {
            name: spec.name.to_owned(),
            value: counts.map(|setting| spec.mask.show(&setting.value)),
            source: counts.map(|setting| setting.source.to_string()),
            secret: spec.mask.is_secret(),
            shadows: set.map(|setting| passed(setting, spec.mask, None)).collect(),
            ignored,
            note: spec.note.map(ToOwned::to_owned),
            flag: spec.flag,
            variables: spec.variables.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// The target, and the file that fills in missing variables.
    fn world(&self) -> Vec<Listed> {
        let flags = &self.flags;
        let on = |is_on: bool| is_on.then(|| "yes".to_owned());
        let file = self.environment.file().map(|file| file.display().to_string());
        let (named, found) = if flags.env_file.is_some() { (file, None) } else { (None, file) };
        let mut env_file = Spec::new("env file", &[]).flag("--env-file", named);
        env_file.default = found;
        let target = on(flags.prod).map(|_| Target::Prod.name().to_owned());
        let mut rows = vec![
            self.listed(Spec::new("target", &[]).flag("--prod", target).default(Target::Local.name())),
            self.listed(env_file),
        ];
        rows.extend(
            [
                ("no env file", "--no-env-file", on(flags.no_env_file)),
                ("dry run", "--dry-run", on(flags.dry_run)),
                ("full plan", "--full", on(flags.full)),
                ("timeout", "--timeout", flags.timeout.map(span)),
                ("quiet", "--quiet", on(flags.quiet)),
                ("verbose", "--verbose", (flags.verbose > 0).then(|| flags.verbose.to_string())),
            ]
            .map(|(name, flag, given)| self.listed(Spec::new(name, &[]).flag(flag, given))),
        );
        let color = Spec::new("color", &["NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR"]);
        rows.push(self.listed(color.flag("--color", flags.color.given()).default("auto")));
        rows
    }

    fn aws_settings(&self) -> Vec<Listed> {
        let flags = &self.flags;
        let is_prod = self.target == Target::Prod;
        let mut rows: Vec<Listed> =
            [Service::DynamoDb, Service::DynamoDbStreams, Service::Cognito, Service::Ec2, Service::Sts]
                .into_iter()
                .map(|service| self.listed_endpoint(service))
                .collect();
        let region = Spec::new("aws region", &["AWS_REGION", "AWS_DEFAULT_REGION"])
            .flag("--region", flags.region.clone());
        rows.extend(self.dynamodb_signs().map(|signs| standing("DynamoDB is", &signs)));
        rows.push(self.listed(if is_prod {
            region.default("the AWS profile's, else the instance's")
        } else {
            region.default(DUMMY_REGION)
        }));
        rows.push(
            self.listed(
                Spec::new("aws profile", &["AWS_PROFILE"])
                    .flag("--profile", flags.profile.clone())
                    .note("for AWS itself only"),
            ),
        );
        for (name, variable, mask) in [
            ("aws access key id", "AWS_ACCESS_KEY_ID", Mask::LastFour),
            ("aws secret access key", "AWS_SECRET_ACCESS_KEY", Mask::All),
            ("aws session token", "AWS_SESSION_TOKEN", Mask::All),
        ] {
            rows.push(self.listed(Spec::new(name, &[variable]).mask(mask)));
        }
        rows
    }

    fn listed_endpoint(&self, service: Service) -> Listed {
        let name = format!("{} endpoint", service.name());
        let mut spec = Spec::new(&name, service.endpoint_variables())
            .flag("--endpoint-url", self.flags.endpoint_url.clone())
            .mask(Mask::Url);
        if self.target == Target::Prod {
            spec.no_variable = Some("with --prod");
        } else {
            let is_local = service != Service::Cognito || self.uses_local_user_pool();
            spec.default = service.local_endpoint().filter(|_| is_local).map(|setting| setting.value);
        }
        if spec.default.is_none() {
            spec.default = Some("AWS's own".to_owned());
        }
        let mut row = self.listed(spec);
        let Some(named) = self.endpoint(service) else { return row };
        match self.endpoint_on_stack(service, &named) {
            Ok(Some(moved)) if row.value.as_ref() == Some(&Mask::Url.show(&named.value)) => {
                row.value = Some(moved.value);
                row.source = Some(moved.source.to_string());
                row.shadows.insert(0, passed(&named, Mask::Url, None));
            }
            Ok(_) => {}
            Err(error) => row.note = Some(format!("cannot be used: {}", error.message())),
        }
        row
    }

    /// What is known of DynamoDB's endpoint, if it is valid.
    fn dynamodb_signs(&self) -> Option<Signs> {
        let endpoint = self.aws(Service::DynamoDb).ok()?.endpoint;
        let hosts = endpoint.iter().map(|endpoint| Host::new(&endpoint.host, endpoint.port)).collect();
        let (flag, aws_own) = (self.target == Target::Prod, endpoint.is_none());
        Some(Signs { flag, aws_own, hosts, ..Signs::default() })
    }

    fn other_settings(&self) -> Vec<Listed> {
        let list = |name: &str, flag: Option<&'static str>, variables: &[&str]| {
            self.listed(Spec { flag, ..Spec::new(name, variables) })
        };
        let person = |name: &str, number: usize, flag: &'static str| {
            let spec = Spec::new(name, &PEOPLE_VARIABLES[number..=number]).flag(flag, None);
            self.listed(spec.default(DEFAULT_PEOPLE[number]))
        };
        // The default depends on other variables.
        let with = |spec: Spec<'_>, others: &[&str]| {
            let mut row = self.listed(spec);
            row.variables.extend(others.iter().map(|name| (*name).to_owned()));
            row
        };
        let programs = Spec::new("PostgreSQL programs", &["CRUDDUR_POSTGRES_BINDIR"])
            .default("those on the PATH, else in the usual folders");
        let mut pool = Spec::new("user pool", &USER_POOL_VARIABLES).flag("--user-pool-id", None);
        pool.default = self.default_user_pool().map(|pool| pool.id().to_owned());
        let mut client = Spec::new("app client", &[CLIENT_VARIABLE]).flag("--client-id", None);
        client.default = self.uses_local_user_pool().then(|| LOCAL_CLIENT.to_owned());
        let table = Spec::new("table", &["DDB_MESSAGE_TABLE"]).flag("--table", None).default(DEFAULT_TABLE);
        let mut state = Spec::new("state folder", &["CRUDDUR_STATE_DIR"]);
        state.default = self.state_dir().ok().map(|folder| folder.display().to_string());
        let data = Spec::new("data folder", &["CRUDDUR_DATA_DIR"])
            .flag("--data-dir", None)
            .default("/var/lib/cruddur for root, else the user's data folder");
        let mut project = self.listed(Spec::new("project", &[]));
        if let Some(folder) = self.project() {
            let is_git = folder.join(".git").exists();
            project.value = Some(folder.display().to_string());
            project.source = Some(if is_git { "its .git" } else { "the folder of the .env file" }.to_owned());
            project.note =
                self.stack_folder().ok().map(|stack| format!("its stack is in {}", stack.display()));
        }
        vec![
            self.listed(table),
            person("person 1", 0, "--my-handle"),
            person("person 2", 1, "--other-handle"),
            self.listed(pool),
            self.listed(client),
            list("security group", Some("--group-id"), &["DB_SG_ID"]),
            list("security group rule", Some("--security-group-rule-id"), &["DB_SG_RULE_ID"]),
            list("public address", Some("--ip"), &["GITPOD_IP"]),
            project,
            with(data, &["XDG_DATA_HOME", "HOME"]),
            with(state, &["XDG_STATE_HOME", "HOME"]),
            with(programs, &["PATH"]),
            list("time zone", None, &["TZ"]),
            list("CA certificates", None, &["SSL_CERT_FILE", "SSL_CERT_DIR"]),
        ]
    }

    /// Variables that the AWS SDK reads by itself, and variables in the `.env` file for SQL files.
    fn unknown_settings(&self, known: &[Listed]) -> Vec<Listed> {
        let is_known = |name: &str| known.iter().any(|row| row.variables.iter().any(|known| known == name));
        let mut rows = Vec::new();
        for name in names_with("AWS_").iter().filter(|name| !is_known(name)) {
            if name == super::IGNORE_ENDPOINTS {
                continue;
            }
            let is_endpoint = name.starts_with("AWS_ENDPOINT_URL");
            let is_secret = ["TOKEN", "SECRET", "PASSWORD"].iter().any(|word| name.contains(word));
            let mask = if is_secret && !name.ends_with("_FILE") { Mask::All } else { Mask::Url };
            let variables = [name.as_str()];
            let mut spec = Spec::new(name, &variables).mask(mask).note("left to the AWS SDK, for AWS itself");
            if is_endpoint {
                spec.no_variable = Some("by cruddur, always");
                spec.note = None;
            }
            rows.push(self.listed(spec));
        }
        let of_file = self.environment.in_file().filter(|name| !name.starts_with("AWS_") && !is_known(name));
        for name in of_file {
            let variables = [name];
            let spec = Spec::new(name, &variables).mask(Mask::All);
            rows.push(self.listed(spec.note("not a cruddur setting; SQL files may use it")));
        }
        rows.extend(self.environment.not_taken().map(|(name, source)| {
            let setting = Setting { value: String::new(), source };
            let ignored = vec![passed(&setting, Mask::All, Some("a .env file may not set paths"))];
            Listed { name: name.to_owned(), ignored, ..Listed::default() }
        }));
        rows
    }
}

/// The row that says what a target is, judged by its settings alone.
fn standing(name: &str, signs: &Signs) -> Listed {
    let standing = signs.standing();
    let by =
        standing.sign().map_or_else(|| "nothing in its name says otherwise".to_owned(), ToString::to_string);
    let note = standing.is_local().then(|| "commands that write, and doctor, ask the server too".to_owned());
    Listed {
        name: name.to_owned(),
        value: Some(standing.name().to_owned()),
        source: Some(by),
        note,
        ..Listed::default()
    }
}

fn passed(setting: &Setting, mask: Mask, why: Option<&str>) -> Passed {
    Passed {
        source: setting.source.to_string(),
        value: mask.show(&setting.value),
        why: why.map(ToOwned::to_owned),
    }
}
