//! Splits an expression into tokens.

use super::SyntaxError;

/// A token and its offset in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: TokenKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A name, a keyword or a function.
    Word(String),
    /// A name in backquotes. It is never a keyword or a function.
    Name(String),
    /// Text in single or double quotes.
    Text(String),
    Number(String),
    /// Binary in base64: `b'…'`.
    Binary(Vec<u8>),
    Sign(&'static str),
    End,
}

/// Each sign as written, and what it stands for. Longer signs come first, as the first match wins.
const SIGNS: [(&str, &str); 17] = [
    ("<>", "<>"),
    ("!=", "<>"),
    ("<=", "<="),
    (">=", ">="),
    ("==", "="),
    ("=", "="),
    ("<", "<"),
    (">", ">"),
    ("(", "("),
    (")", ")"),
    ("[", "["),
    ("]", "]"),
    ("{", "{"),
    ("}", "}"),
    (",", ","),
    (".", "."),
    (":", ":"),
];

/// Whether a name needs no backquotes. It may contain hyphens, because nothing is ever subtracted.
pub(super) fn is_plain_name(name: &str) -> bool {
    name.starts_with(begins_name) && name.chars().all(continues_name)
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// All tokens, with [`TokenKind::End`] as the last.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = &source[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let (kind, length) = next(source, at)?;
        let is_end = kind == TokenKind::End;
        tokens.push(Token { at, kind });
        at += length;
        if is_end {
            return Ok(tokens);
        }
    }
}

/// The token at `at`, and its length in bytes.
fn next(source: &str, at: usize) -> Result<(TokenKind, usize), SyntaxError> {
    let rest = &source[at..];
    let Some(first) = rest.chars().next() else { return Ok((TokenKind::End, 0)) };
    match first {
        '\'' | '"' => {
            let (text, length) = quoted(source, at, first)?;
            Ok((TokenKind::Text(text), length))
        }
        '`' => {
            let (name, length) = quoted(source, at, first)?;
            if name.is_empty() {
                return Err(SyntaxError::new(source, at, "a name cannot be empty"));
            }
            Ok((TokenKind::Name(name), length))
        }
        'b' | 'B' if rest[1..].starts_with(['\'', '"']) => {
            let quote = if rest[1..].starts_with('"') { '"' } else { '\'' };
            let (text, length) = quoted(source, at + 1, quote)?;
            let bytes = aws_smithy_types::base64::decode(&text)
                .map_err(|_| SyntaxError::new(source, at, "b'…' takes base64, but this is not base64"))?;
            Ok((TokenKind::Binary(bytes), length + 1))
        }
        first if begins_name(first) => {
            let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
            Ok((TokenKind::Word(rest[..length].to_owned()), length))
        }
        first if first.is_ascii_digit() || first == '-' || first == '+' => number(source, at),
        '#' if source[..at].ends_with(continues_name) => {
            let start = source[..at].trim_end_matches(continues_name).len();
            let ends_word = |c: char| c.is_whitespace() || ")],}".contains(c);
            let word = source[start..].split(ends_word).next().unwrap_or_default();
            Err(SyntaxError::new(source, start, format!("text goes in quotes: '{word}'")))
        }
        '#' => Err(SyntaxError::new(source, at, "write the attribute's own name: cruddur adds placeholders")),
        _ => {
            let sign = SIGNS.iter().find(|(text, _)| rest.starts_with(text));
            let (text, sign) =
                sign.ok_or_else(|| SyntaxError::new(source, at, format!("unexpected {first:?}")))?;
            Ok((TokenKind::Sign(sign), text.len()))
        }
    }
}

/// The text between quotes, and its length in bytes with them. A quote inside is doubled.
fn quoted(source: &str, at: usize, quote: char) -> Result<(String, usize), SyntaxError> {
    let inside = &source[at + 1..];
    let mut text = String::new();
    let mut chars = inside.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        if c != quote {
            text.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            text.push(quote);
        } else {
            return Ok((text, offset + 2));
        }
    }
    Err(SyntaxError::new(source, at, format!("this {quote} is never closed")))
}

fn number(source: &str, at: usize) -> Result<(TokenKind, usize), SyntaxError> {
    let rest = &source[at..];
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let text = &rest[..length];
    if is_number(text) {
        return Ok((TokenKind::Number(text.to_owned()), length));
    }
    Err(SyntaxError::new(source, at, format!("{text} is not a number; text goes in quotes: '{text}'")))
}

/// Whether `text` is a number in JSON's notation, which DynamoDB accepts. Leading zeros are allowed.
pub fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}
