//! "Did you mean": the nearest of some names.

/// The name most like `name`, if any is alike at all.
#[must_use]
pub fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a String> {
    /// Below this, Jaro-Winkler finds likeness in everything.
    const ALIKE: f64 = 0.7;
    names
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}
