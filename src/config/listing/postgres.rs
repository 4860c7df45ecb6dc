//! The rows about PostgreSQL.

use super::{Listed, Spec, passed, standing};
use crate::config::conninfo::{KEYWORDS, UNSUPPORTED};
use crate::config::mask::Mask;
use crate::config::{Config, DEFAULT_CONNECTION_URL, PostgresConfig, Setting, Signs, Target};

impl Config {
    pub(super) fn postgres_settings(&self) -> Vec<Listed> {
        let (counts, other, why) = match self.target {
            Target::Local => ("CONNECTION_URL", "PROD_CONNECTION_URL", "without --prod"),
            Target::Prod => ("PROD_CONNECTION_URL", "CONNECTION_URL", "with --prod"),
        };
        let mut spec = Spec::new("PostgreSQL URL", &[]).mask(Mask::Connection);
        let variables = [counts];
        spec.variables = &variables;
        if self.target == Target::Local {
            spec.default = Some(DEFAULT_CONNECTION_URL.to_owned());
        }
        let mut url = self.listed(spec);
        let others = self.environment.all(&[other]);
        url.ignored = others.iter().map(|setting| passed(setting, Mask::Connection, Some(why))).collect();
        url.variables.push(other.to_owned());
        let resolved = self.postgres();
        url.note = match &resolved {
            Ok(config) => {
                config.replaced_port().map(|_| "the stack has another port: see PostgreSQL port".to_owned())
            }
            Err(error) => Some(format!("cannot be used: {}", error.message())),
        };
        let resolved = resolved.ok();
        let mut rows = vec![url];
        if let Some(config) = &resolved {
            let production = self.for_target(Target::Prod).postgres().ok();
            let production = production.map(|production| production.hosts()).unwrap_or_default();
            let flag = self.target == Target::Prod;
            let signs = Signs { flag, hosts: config.hosts(), production, ..Signs::default() };
            rows.push(standing("PostgreSQL is", &signs));
        }
        let parts = KEYWORDS
            .iter()
            .map(|(keyword, variable)| self.postgres_part(resolved.as_ref(), keyword, *variable));
        rows.extend(parts);
        rows.extend(UNSUPPORTED.iter().map(|(keyword, variable, why)| {
            let mut row = self.listed(Spec::new(&format!("PostgreSQL {keyword}"), &[variable]));
            row.note = Some((*why).to_owned());
            row
        }));
        rows
    }

    /// The row of one libpq keyword.
    fn postgres_part(
        &self,
        resolved: Option<&PostgresConfig>,
        keyword: &'static str,
        variable: Option<&'static str>,
    ) -> Listed {
        let mask = if keyword == "password" { Mask::All } else { Mask::Open };
        let counts = resolved.and_then(|config| config.get(keyword));
        let mut set = variable.map(|name| self.environment.all(&[name])).unwrap_or_default();
        if keyword == "password" {
            set.extend(resolved.and_then(|config| config.in_passfile().ok().flatten()));
        }
        let replaced = resolved.filter(|_| keyword == "port").and_then(PostgresConfig::replaced_port);
        let named =
            replaced.map(|asked| Setting { value: asked.port.to_string(), source: asked.source.clone() });
        // A variable is among those that are set.
        let named = named.filter(|named| set.iter().all(|setting| setting.source != named.source));
        let mut row = Listed {
            shadows: named.iter().map(|named| passed(named, mask, None)).collect(),
            name: format!("PostgreSQL {keyword}"),
            value: counts.map(|setting| mask.show(&setting.value)),
            source: counts.map(|setting| setting.source.to_string()),
            secret: mask.is_secret(),
            variables: variable.into_iter().map(ToOwned::to_owned).collect(),
            ..Listed::default()
        };
        for setting in
            set.iter().filter(|setting| counts.is_none_or(|counts| counts.source != setting.source))
        {
            match resolved {
                Some(config) if config.refuses(keyword, &setting.value) => {
                    row.ignored.push(passed(setting, mask, Some("with --prod")));
                }
                Some(_) => row.shadows.push(passed(setting, mask, None)),
                None => row.ignored.push(passed(setting, mask, Some("without a usable URL"))),
            }
        }
        row
    }
}
