//! The canonical form of items.

use aws_sdk_dynamodb::types::AttributeValue;

use super::number;
use super::read::AttributeType;

/// Appends the canonical form of an item or a key, which equal ones share and no others. The order of
/// attributes and sets, and the way numbers are written, make no difference.
pub fn canonical<'i>(
    attributes: impl IntoIterator<Item = (&'i String, &'i AttributeValue)>,
    out: &mut Vec<u8>,
) {
    let mut attributes: Vec<_> = attributes.into_iter().collect();
    attributes.sort_unstable_by_key(|(name, _)| *name);
    count(attributes.len(), out);
    for (name, attribute) in attributes {
        bytes(name.as_bytes(), out);
        value(attribute, out);
    }
}

fn value(attribute: &AttributeValue, out: &mut Vec<u8>) {
    let number = |text: &String| number::canonical(text).unwrap_or_else(|_| text.clone());
    match attribute {
        AttributeValue::S(text) => {
            tag(AttributeType::S, out);
            bytes(text.as_bytes(), out);
        }
        AttributeValue::N(text) => {
            tag(AttributeType::N, out);
            bytes(number(text).as_bytes(), out);
        }
        AttributeValue::B(blob) => {
            tag(AttributeType::B, out);
            bytes(blob.as_ref(), out);
        }
        AttributeValue::Bool(truth) => {
            tag(AttributeType::Bool, out);
            out.push(u8::from(*truth));
        }
        AttributeValue::L(values) => {
            tag(AttributeType::L, out);
            count(values.len(), out);
            for inner in values {
                value(inner, out);
            }
        }
        AttributeValue::M(map) => {
            tag(AttributeType::M, out);
            canonical(map, out);
        }
        AttributeValue::Ss(texts) => {
            tag(AttributeType::Ss, out);
            set(texts.iter().map(|text| text.as_bytes().to_vec()).collect(), out);
        }
        AttributeValue::Ns(numbers) => {
            tag(AttributeType::Ns, out);
            set(numbers.iter().map(|text| number(text).into_bytes()).collect(), out);
        }
        AttributeValue::Bs(blobs) => {
            tag(AttributeType::Bs, out);
            set(blobs.iter().map(|blob| blob.as_ref().to_vec()).collect(), out);
        }
        // NULL. A type that this version does not know can be neither written nor read.
        _ => tag(AttributeType::Null, out),
    }
}

fn set(mut members: Vec<Vec<u8>>, out: &mut Vec<u8>) {
    members.sort_unstable();
    count(members.len(), out);
    for member in &members {
        bytes(member, out);
    }
}

fn tag(kind: AttributeType, out: &mut Vec<u8>) {
    out.extend_from_slice(kind.name().as_bytes());
    out.push(0);
}

fn count(number: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(number as u64).to_be_bytes());
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    count(bytes.len(), out);
    out.extend_from_slice(bytes);
}
