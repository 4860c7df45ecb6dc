//! Parses tokens into a syntax tree.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::lexer::{Token, TokenKind, tokens};
use super::{Node, Operand, Path, Step, SyntaxError};

/// The functions that return true or false, and how many operands each takes.
const FUNCTIONS: [(&str, usize); 5] = [
    ("attribute_exists", 1),
    ("attribute_not_exists", 1),
    ("attribute_type", 2),
    ("begins_with", 2),
    ("contains", 2),
];
const SIZE: &str = "size";
const COMPARATORS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];
/// Words that are attributes only in backquotes.
const KEYWORDS: [&str; 8] = ["AND", "OR", "NOT", "IN", "BETWEEN", "TRUE", "FALSE", "NULL"];
/// The deepest nesting. The service itself allows less.
const DEEPEST: usize = 100;

pub(super) fn condition(source: &str) -> Result<Node, SyntaxError> {
    let mut parser = Parser::new(source)?;
    let node = parser.any()?;
    parser.end("AND, OR or the end")?;
    Ok(node)
}

pub(super) fn projection(source: &str) -> Result<Vec<Path>, SyntaxError> {
    let mut parser = Parser::new(source)?;
    let mut paths = vec![parser.path()?];
    while parser.take(",") {
        paths.push(parser.path()?);
    }
    parser.end("a comma or the end")?;
    Ok(paths)
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

type Parsed<T> = Result<T, SyntaxError>;

impl<'s> Parser<'s> {
    fn new(source: &'s str) -> Parsed<Self> {
        Ok(Self { source, tokens: tokens(source)?, next: 0, depth: 0 })
    }

    fn any(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("this is nested too deeply"));
        }
        let node = self.list("OR", Self::all, Node::Or);
        self.depth -= 1;
        node
    }

    fn all(&mut self) -> Parsed<Node> {
        self.list("AND", Self::not, Node::And)
    }

    fn list(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Parsed<Node>,
        joined: fn(Vec<Node>) -> Node,
    ) -> Parsed<Node> {
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut nodes = vec![first];
        while self.take_word(word) {
            nodes.push(part(self)?);
        }
        Ok(joined(nodes))
    }

    fn not(&mut self) -> Parsed<Node> {
        let mut times = 0_usize;
        while self.take_word("NOT") {
            times += 1;
        }
        let node = self.comparison()?;
        // A double NOT cancels out.
        Ok(if times.is_multiple_of(2) { node } else { Node::Not(Box::new(node)) })
    }

    fn comparison(&mut self) -> Parsed<Node> {
        if self.take("(") {
            let node = self.any()?;
            self.expect(")")?;
            return Ok(node);
        }
        if let Some((name, count)) = self.function() {
            return self.call(name, count);
        }
        let left = self.operand("an attribute, a value, NOT or (")?;
        // If the left side is a value, the right side may be an attribute.
        let names_are_fine = matches!(left, Operand::Value(_));
        if self.take_word("BETWEEN") {
            let from = self.right(names_are_fine)?;
            if !self.take_word("AND") {
                return Err(self.expected("AND: BETWEEN takes two values"));
            }
            return Ok(Node::Between(left, from, self.right(names_are_fine)?));
        }
        if self.take_word("IN") {
            self.expect("(")?;
            let mut list = vec![self.right(names_are_fine)?];
            while self.take(",") {
                list.push(self.right(names_are_fine)?);
            }
            self.expect(")")?;
            return Ok(Node::In(left, list));
        }
        for sign in COMPARATORS {
            if self.take(sign) {
                return Ok(Node::Compare(left, sign, self.right(names_are_fine)?));
            }
        }
        Err(self.expected("=, <>, <, <=, >, >=, BETWEEN or IN"))
    }

    /// The function that is called here, if any.
    fn function(&self) -> Option<(&'static str, usize)> {
        let TokenKind::Word(word) = self.kind() else { return None };
        let is_called =
            self.tokens.get(self.next + 1).is_some_and(|token| token.kind == TokenKind::Sign("("));
        FUNCTIONS.into_iter().find(|(name, _)| is_called && word.eq_ignore_ascii_case(name))
    }

    fn call(&mut self, name: &'static str, count: usize) -> Parsed<Node> {
        self.next += 1;
        self.expect("(")?;
        let mut operands = vec![Operand::Path(self.path()?)];
        if count == 2 {
            self.expect(",")?;
            operands.push(self.right(false)?);
        }
        self.expect(")")?;
        Ok(Node::Function(name, operands))
    }

    /// The right side of a comparison. A bare name here is nearly always text whose quotes were forgotten,
    /// or removed by the shell.
    fn right(&mut self, names_are_fine: bool) -> Parsed<Operand> {
        if let TokenKind::Word(word) = self.kind()
            && !names_are_fine
            && !is_keyword(word)
            && !self.is_size()
        {
            return Err(self.wrong(format!(
                "text goes in quotes: '{word}'; for the attribute of that name write `{word}`"
            )));
        }
        self.operand("a value: 'text', 12.5, true, false or null")
    }

    fn is_size(&self) -> bool {
        self.is_word(SIZE)
            && self.tokens.get(self.next + 1).is_some_and(|token| token.kind == TokenKind::Sign("("))
    }

    fn operand(&mut self, what: &str) -> Parsed<Operand> {
        if self.is_size() {
            self.next += 1;
            self.expect("(")?;
            let path = self.path()?;
            self.expect(")")?;
            return Ok(Operand::Size(path));
        }
        match self.kind() {
            TokenKind::Name(_) => Ok(Operand::Path(self.path()?)),
            TokenKind::Word(word) if !is_keyword(word) => Ok(Operand::Path(self.path()?)),
            _ => Ok(Operand::Value(self.value(what)?)),
        }
    }

    fn path(&mut self) -> Parsed<Path> {
        let mut steps = vec![self.name()?];
        loop {
            if self.take(".") {
                steps.push(self.name()?);
            } else if self.take("[") {
                let TokenKind::Number(number) = self.kind() else {
                    return Err(self.expected("an element's index, from 0"));
                };
                let index = number.parse().map_err(|_| self.expected("an element's index, from 0"))?;
                self.next += 1;
                self.expect("]")?;
                steps.push(Step::Index(index));
            } else {
                return Ok(Path::new(steps));
            }
        }
    }

    fn name(&mut self) -> Parsed<Step> {
        let name = match self.kind() {
            TokenKind::Name(name) => name.clone(),
            TokenKind::Word(word) if !is_keyword(word) => word.clone(),
            TokenKind::Word(word) => {
                return Err(self.wrong(format!("if {word} is an attribute, put it in backquotes: `{word}`")));
            }
            _ => return Err(self.expected("an attribute's name")),
        };
        self.next += 1;
        Ok(Step::Name(name))
    }

    fn value(&mut self, what: &str) -> Parsed<AttributeValue> {
        let value = match self.kind() {
            TokenKind::Text(text) => AttributeValue::S(text.clone()),
            TokenKind::Number(number) => AttributeValue::N(number.clone()),
            TokenKind::Binary(bytes) => AttributeValue::B(Blob::new(bytes.clone())),
            TokenKind::Word(word) if word.eq_ignore_ascii_case("true") => AttributeValue::Bool(true),
            TokenKind::Word(word) if word.eq_ignore_ascii_case("false") => AttributeValue::Bool(false),
            TokenKind::Word(word) if word.eq_ignore_ascii_case("null") => AttributeValue::Null(true),
            TokenKind::Sign("[") => return self.nested(Self::elements),
            TokenKind::Sign("{") => return self.nested(Self::set_or_map),
            TokenKind::Sign(":") => {
                return Err(self.wrong("write the value itself: cruddur adds placeholders"));
            }
            _ => return Err(self.expected(what)),
        };
        self.next += 1;
        Ok(value)
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed<AttributeValue>) -> Parsed<AttributeValue> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("this is nested too deeply"));
        }
        self.next += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn elements(&mut self) -> Parsed<AttributeValue> {
        let mut values = Vec::new();
        while !self.take("]") {
            if !values.is_empty() {
                self.expect(",")?;
            }
            values.push(self.value("a value or ]")?);
        }
        Ok(AttributeValue::L(values))
    }

    fn set_or_map(&mut self) -> Parsed<AttributeValue> {
        let start = self.at();
        if self.take("}") {
            return Ok(AttributeValue::M(HashMap::new()));
        }
        let is_map = self.tokens.get(self.next + 1).is_some_and(|token| token.kind == TokenKind::Sign(":"));
        if is_map {
            return self.map();
        }
        let mut values = vec![self.value("a value or }")?];
        while !self.take("}") {
            self.expect(",")?;
            values.push(self.value("a value or }")?);
        }
        let texts = values.iter().map(|value| value.as_s().ok().cloned()).collect::<Option<_>>();
        let numbers = values.iter().map(|value| value.as_n().ok().cloned()).collect::<Option<_>>();
        let blobs = values.iter().map(|value| value.as_b().ok().cloned()).collect::<Option<_>>();
        let set = texts.map(AttributeValue::Ss).or_else(|| numbers.map(AttributeValue::Ns));
        set.or_else(|| blobs.map(AttributeValue::Bs)).ok_or_else(|| {
            SyntaxError::new(self.source, start, "a set holds text, numbers or binary, never a mix")
        })
    }

    fn map(&mut self) -> Parsed<AttributeValue> {
        let mut map = HashMap::new();
        loop {
            let name = match self.kind() {
                TokenKind::Text(name) | TokenKind::Name(name) | TokenKind::Word(name) => name.clone(),
                _ => return Err(self.expected("a name")),
            };
            self.next += 1;
            self.expect(":")?;
            map.insert(name, self.value("a value")?);
            if self.take("}") {
                return Ok(AttributeValue::M(map));
            }
            self.expect(",")?;
        }
    }

    fn kind(&self) -> &TokenKind {
        self.tokens.get(self.next).map_or(&TokenKind::End, |token| &token.kind)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.source.len(), |token| token.at)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.kind(), TokenKind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_it = self.is_word(word);
        self.next += usize::from(is_it);
        is_it
    }

    fn take(&mut self, sign: &'static str) -> bool {
        let is_it = *self.kind() == TokenKind::Sign(sign);
        self.next += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, sign: &'static str) -> Parsed<()> {
        if self.take(sign) { Ok(()) } else { Err(self.expected(sign)) }
    }

    fn end(&self, what: &str) -> Parsed<()> {
        if *self.kind() == TokenKind::End { Ok(()) } else { Err(self.expected(what)) }
    }

    fn expected(&self, what: &str) -> SyntaxError {
        self.wrong(format!("expected {what}"))
    }

    fn wrong(&self, why: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.source, self.at(), why)
    }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}
