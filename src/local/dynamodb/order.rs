//! One order for the attributes of an item: the embedded DynamoDB has another in each answer.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// The members of an object, unread.
pub(super) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The same JSON object with its members sorted, and those of each object within it. `edit` may change the
/// outermost members before. None if it is no object.
///
/// Texts and numbers are copied as they stand: reading them into values takes four times as long.
pub(super) fn sorted(json: &[u8], edit: impl FnOnce(&mut Members)) -> Option<String> {
    let mut members = serde_json::from_slice(json).ok()?;
    edit(&mut members);
    let mut sorted = String::with_capacity(json.len());
    push_members(members, &mut sorted);
    Some(sorted)
}

fn push_members(members: Members, sorted: &mut String) {
    sorted.push('{');
    for (index, (name, value)) in members.into_iter().enumerate() {
        sorted.push_str(if index > 0 { "," } else { "" });
        sorted.push_str(&Value::from(name).to_string());
        sorted.push(':');
        push(value, sorted);
    }
    sorted.push('}');
}

fn push(json: &RawValue, sorted: &mut String) {
    let text = json.get();
    // Most objects are an attribute's value, with one member.
    let is_leaf = text.starts_with("{\"S\":") || text.starts_with("{\"N\":");
    if text.starts_with('{')
        && !is_leaf
        && let Ok(members) = serde_json::from_str(text)
    {
        push_members(members, sorted);
    } else if text.starts_with('[')
        && let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text)
    {
        sorted.push('[');
        for (index, element) in elements.into_iter().enumerate() {
            sorted.push_str(if index > 0 { "," } else { "" });
            push(element, sorted);
        }
        sorted.push(']');
    } else {
        sorted.push_str(text);
    }
}
