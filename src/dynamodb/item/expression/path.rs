//! Paths of attributes, and projections.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;

use super::lexer;
use super::placeholders::Placeholders;
use crate::dynamodb::Item;

/// An attribute, or a part of one: `a`, `a.b`, `a.b[0]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path(Vec<Step>);

/// One step into an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// To the attribute or map entry of this name.
    Name(String),
    /// To the list element with this index, from 0.
    Index(u32),
}

impl Path {
    /// The attribute of this name.
    pub fn of(name: &str) -> Self {
        Self(vec![Step::Name(name.to_owned())])
    }

    pub(super) const fn new(steps: Vec<Step>) -> Self {
        Self(steps)
    }

    /// Its steps; the first is a name.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The attribute's name, if the path is a whole attribute.
    pub fn attribute(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Step::Name(name)] => Some(name),
            _ => None,
        }
    }

    pub(super) fn write(&self, placeholders: &mut Placeholders) -> String {
        use fmt::Write as _;
        let mut text = String::new();
        for step in &self.0 {
            match step {
                Step::Name(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(&placeholders.name(name));
                }
                Step::Index(index) => {
                    let _ = write!(text, "[{index}]");
                }
            }
        }
        text
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Name(name) => {
                    if number > 0 {
                        f.write_str(".")?;
                    }
                    if lexer::is_plain_name(name) {
                        f.write_str(name)?;
                    } else {
                        write!(f, "`{}`", name.replace('`', "``"))?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The attributes to return, if not all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection(Vec<Path>);

impl Projection {
    pub(super) const fn new(paths: Vec<Path>) -> Self {
        Self(paths)
    }

    /// The attributes of these names.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(Path::of).collect())
    }

    /// The requested paths, in order.
    pub fn paths(&self) -> &[Path] {
        &self.0
    }

    /// The projection as the service accepts it. The names go into `placeholders`.
    pub fn write(&self, placeholders: &mut Placeholders) -> String {
        let paths: Vec<String> = self.0.iter().map(|path| path.write(placeholders)).collect();
        paths.join(", ")
    }

    /// Finds the value of `path`, one of the requested paths, in an item that was returned for them.
    ///
    /// Of a list, the service returns only the requested elements, without gaps.
    pub fn find<'i>(&self, path: &Path, item: &'i Item) -> Option<&'i AttributeValue> {
        let mut value: Option<&AttributeValue> = None;
        for (depth, step) in path.0.iter().enumerate() {
            value = Some(match (step, value) {
                (Step::Name(name), None) => item.get(name)?,
                (Step::Name(name), Some(AttributeValue::M(map))) => map.get(name)?,
                (Step::Index(index), Some(AttributeValue::L(list))) => {
                    list.get(self.place_of(&path.0[..depth], *index))?
                }
                _ => return None,
            });
        }
        value
    }

    /// The position of element `index` in the returned list: the number of smaller elements requested.
    fn place_of(&self, list: &[Step], index: u32) -> usize {
        let mut smaller: Vec<u32> = self
            .0
            .iter()
            .filter(|path| path.0.starts_with(list))
            .filter_map(|path| match path.0.get(list.len()) {
                Some(Step::Index(other)) if *other < index => Some(*other),
                _ => None,
            })
            .collect();
        smaller.sort_unstable();
        smaller.dedup();
        smaller.len()
    }
}
