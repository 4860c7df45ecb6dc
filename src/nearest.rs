//! "Did you mean": finds the most similar name.

/// The name most similar to `name`, if any is similar at all.
pub fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a String> {
    /// Below this, Jaro-Winkler finds everything similar.
    const ALIKE: f64 = 0.7;
    names
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}
