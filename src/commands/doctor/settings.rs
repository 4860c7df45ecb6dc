//! The program itself, the `.env` file, and misleading variables.

use super::finding::Findings;
use crate::config::{Config, Service, Source, Target};
use crate::context::Context;
use crate::postgres::programs::on_path;

pub(super) fn check(cx: &Context, found: &mut Findings) {
    let config = cx.config();
    program(config, found);
    env_file(config, found);
    match config.target() {
        Target::Prod => leftovers(config, found),
        Target::Local => local_endpoint(config, found),
    }
}

/// Reports which binary runs, and whether it is the one found on `PATH`.
fn program(config: &Config, found: &mut Findings) {
    let version = env!("CRUDDUR_VERSION");
    let path = std::env::current_exe().ok();
    let shown = path.as_ref().map(|path| path.display().to_string());
    found
        .ok(format!("version {version}, {}", shown.as_deref().unwrap_or("in an unknown place")))
        .value("version", version)
        .value("path", &shown)
        .value("local_stack", cfg!(feature = "local"));
    let first = on_path(&config.search_path(), "cruddur");
    if let (Some(first), Some(path)) = (first, path)
        && let (Ok(first_file), Ok(file)) = (first.canonicalize(), path.canonicalize())
        && first_file != file
    {
        found
            .warn(format!("another cruddur comes first on the PATH: {}", first.display()))
            .value("first_on_path", first.display().to_string())
            .mend(format!("mv {} {}.old", first.display(), first.display()));
    }
}

fn env_file(config: &Config, found: &mut Findings) {
    let environment = config.environment();
    let Some(file) = environment.file() else {
        found.skip("no .env file is read");
        return;
    };
    let names: Vec<&str> = environment.from_file().collect();
    let fills = match names.as_slice() {
        [] => "sets nothing new".to_owned(),
        names => format!("sets {}", names.join(", ")),
    };
    found
        .ok(format!("{} {fills}", file.display()))
        .value("env_file", file.display().to_string())
        .value("variables", names);
}

/// Reports settings for local work that would redirect commands on production.
fn leftovers(config: &Config, found: &mut Findings) {
    let environment = config.environment();
    // Variables that only DynamoDB uses are meant for local work, as in .env.example.
    let of_dynamodb = Service::DynamoDbStreams.endpoint_variables();
    let in_the_way = config.endpoints_ignored_in_production(Service::DynamoDbStreams);
    let leads_others = |name: &String| {
        name == "AWS_ENDPOINT_URL"
            || !of_dynamodb.contains(&name.as_str())
            || in_the_way.contains(&name.as_str())
    };
    for name in environment.aws_endpoint_variables().into_iter().filter(leads_others) {
        let Some(setting) = environment.get(&name) else { continue };
        found
            .warn(format!(
                "{} is left over: cruddur ignores it with --prod, other tools do not",
                setting.source
            ))
            .value("variable", &name)
            .mend(unset(&name, &setting.source));
        if name == "AWS_ENDPOINT_URL" {
            found.script(
                format!("with prod, every script would have gone to {} instead of AWS", setting.value),
                "cruddur … --prod",
            );
        }
    }
    let ignored = config.ignored_in_production();
    for name in &ignored {
        let Some(setting) = environment.get(name) else { continue };
        found
            .warn(format!(
                "{} is left over: only PROD_CONNECTION_URL says where production is, and how its server is \
                 verified",
                setting.source
            ))
            .value("variable", name)
            .mend(unset(name, &setting.source));
    }
    if !ignored.is_empty() {
        found.script(
            format!("db/* prod would have used {}, as psql does", ignored.join(", ")),
            "cruddur db connect --prod",
        );
    }
}

/// Reports which endpoint variable applies here, and to what.
fn local_endpoint(config: &Config, found: &mut Findings) {
    let Some(general) = config.environment().get("AWS_ENDPOINT_URL") else { return };
    if config.endpoint(Service::DynamoDb).is_some_and(|endpoint| endpoint.value != general.value) {
        found
            .warn(format!("{} is left over: DynamoDB's own variable or flag overrides it", general.source))
            .value("variable", "AWS_ENDPOINT_URL")
            .mend(unset("AWS_ENDPOINT_URL", &general.source));
    }
    found.script(
        format!(
            "AWS_ENDPOINT_URL would have led cognito/list-users, rds/update-sg-rule and whatever ran with prod \
             to {} as well",
            general.value
        ),
        "cruddur cognito list-users",
    );
}

/// How to remove a variable.
fn unset(name: &str, source: &Source) -> String {
    match source {
        Source::EnvFile(..) => format!("remove {source}"),
        _ => format!("unset {name}"),
    }
}
