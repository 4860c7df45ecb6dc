//! What an index with a smaller projection would save.

use super::alternatives::{Explainer, number};
use super::measure::Measurement;
use super::writes::{Charge, Projection};
use super::{Alternative, Figures};
use crate::dynamodb::Item;
use crate::dynamodb::item::size;

impl Explainer<'_> {
    /// The index with KEYS_ONLY, and with INCLUDE.
    pub(super) fn smaller_indexes(&self) -> Vec<Alternative> {
        if !self.projects_all {
            return Vec::new();
        }
        let Some(charge) = self.charge else {
            let note = "saves nothing: the pattern does not use the index";
            let found = Measurement { figures: Figures::Computed, ..self.as_read(note) };
            return vec![self.way("index with KEYS_ONLY or INCLUDE", found)];
        };
        let alternatives = [
            ("index with KEYS_ONLY", Projection::KeysOnly, "the Lambda then reads each row from the table"),
            (
                "index with INCLUDE",
                Projection::Include,
                "user_uuid, user_display_name and user_handle; all but the text, which is new anyway",
            ),
        ];
        alternatives
            .into_iter()
            .filter_map(|(way, projection, what)| self.smaller_index(way, projection, what, charge))
            .collect()
    }

    fn smaller_index(
        &self,
        way: &'static str,
        projection: Projection,
        what: &str,
        charge: Charge,
    ) -> Option<Alternative> {
        let now = self.as_read("");
        let row = self.rows().next()?;
        let [is, would_be] = [Projection::All, projection]
            .map(|projection| projection.entry(row).as_ref().map_or(0, size::item));
        let rows: Vec<Item> = self.rows().cloned().collect();
        let mut read = projection.read_units(&rows);
        if projection == Projection::KeysOnly {
            read += rows.iter().map(|row| size::read_units(size::item(row), false)).sum::<f64>();
        }
        let written = Charge::of_each(&self.changes, projection);
        let count =
            |units: f64, kind: &str| format!("{units} {kind} unit{}", if units > 1.0 { "s" } else { "" });
        let saved = |now: f64, then: f64, kind: &str| match now - then {
            0.0 => None,
            units if units > 0.0 => Some(format!("saves {}", count(units, kind))),
            units => Some(format!("takes {} more", count(-units, kind))),
        };
        let saved = [
            saved(now.units.unwrap_or_default(), read, "read"),
            saved(number(charge.index), number(written.index), "write"),
        ];
        let saved: Vec<String> = saved.into_iter().flatten().collect();
        let saved = if saved.is_empty() { "saves nothing".to_owned() } else { saved.join(", ") };
        let note = format!("{saved}: an entry of {would_be} bytes instead of {is}; {what}");
        let found = Measurement { units: Some(read), figures: Figures::Computed, note, requests: Vec::new() };
        let way = self.way(way, found);
        Some(Alternative { write_units: Some(number(written.total())), ..way })
    }

    /// The rows that the app moves.
    fn rows(&self) -> impl Iterator<Item = &Item> {
        self.app.iter().flat_map(|app| &app.rows)
    }
}
