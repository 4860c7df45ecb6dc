//! `cruddur config show`

use clap::Args;

use crate::commands::common::OutputArgs;
use crate::config::{Listed, Passed};
use crate::context::Context;
use crate::error::Result;
use crate::output::{Column, Format, Record, Ui};

pub(super) const EXAMPLES: &str = "\
Examples:
  # the settings that apply here, and their sources
  cruddur config show
  # the production settings, including unset ones
  cruddur config show --prod --all
  # which endpoint is used, and why?
  cruddur config show -o ndjson | grep '\"DynamoDB endpoint\"'";

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Include unset settings in the table; JSON and NDJSON always have them
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl Record for Listed {
    const COLUMNS: &'static [Column] =
        &[Column::keep("SETTING"), Column::wrap("VALUE"), Column::wrap("FROM")];

    fn cells(&self) -> Vec<String> {
        let mut from = vec![self.source.clone().unwrap_or_else(|| "not set".to_owned())];
        from.extend(self.shadows.iter().map(|passed| format!("shadows {}", said(passed))));
        from.extend(self.ignored.iter().map(|passed| format!("ignored: {}", said(passed))));
        from.extend(self.note.clone());
        vec![self.name.clone(), self.value.clone().unwrap_or_else(|| "-".to_owned()), from.join("\n")]
    }
}

fn said(passed: &Passed) -> String {
    let why = passed.why.as_ref().map(|why| format!(", {why}")).unwrap_or_default();
    format!("{} = {}{why}", passed.source, passed.value)
}

pub(super) async fn run(cx: &Context, ui: &mut Ui, args: &ShowArgs) -> Result<()> {
    let settings = cx.config().listing();
    let shows_all = args.all || args.output.output != Format::Table;
    let mut unset = 0;
    let mut records = ui.records::<Listed>(args.output.output, "settings");
    for setting in &settings {
        if shows_all || setting.value.is_some() || !setting.ignored.is_empty() {
            records.push(setting)?;
        } else {
            unset += 1;
        }
    }
    let count = records.count();
    records.finish(&serde_json::json!({ "count": count }))?;
    if unset > 0 {
        ui.status(format!("{unset} more are not set; to see them add: --all"));
    }
    Ok(())
}
