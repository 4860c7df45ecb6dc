//! Text in a terminal's columns.

use cruddur::output::text::{cut, width, wrap};
use proptest::prelude::*;

#[test]
fn width_is_in_columns() {
    for (text, columns) in [
        ("", 0),
        ("Nina", 4),
        ("À samedi", 8),
        ("A\u{300} samedi", 8),
        ("日本語", 6),
        ("⛴️", 2),
        ("🥐", 2),
        ("🇫🇷🇩🇪", 4),
        ("👩‍👩‍👧‍👦", 2),
        ("👍🏽", 2),
    ] {
        assert_eq!(width(text), columns, "{text}");
    }
}

#[test]
fn what_is_cut_ends_in_an_ellipsis_and_fits() {
    for (text, columns, shown) in [
        ("See you on Saturday", 19, "See you on Saturday"),
        ("See you on Saturday", 12, "See you on…"),
        ("日本語です", 10, "日本語です"),
        ("日本語です", 9, "日本語で…"),
        ("日本語です", 8, "日本語…"),
        ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 3, "👩‍👩‍👧‍👦…"),
        ("🇫🇷🇩🇪", 3, "🇫🇷…"),
        ("Nina", 1, "…"),
        ("Nina", 0, ""),
    ] {
        assert_eq!(cut(text, columns), shown, "{text} in {columns}");
    }
}

#[test]
fn lines_break_at_spaces_and_inside_of_words_that_are_too_long() {
    for (text, columns, lines) in [
        ("", 10, vec![""]),
        ("See you on Saturday", 10, vec!["See you on", "Saturday"]),
        ("one\n\ntwo three", 5, vec!["one", "", "two", "three"]),
        ("a  b", 10, vec!["a  b"]),
        ("on aVeryLongWord on", 6, vec!["on aVe", "ryLong", "Word", "on"]),
        ("日本語です", 5, vec!["日本", "語で", "す"]),
        ("go 🇫🇷🇩🇪", 5, vec!["go", "🇫🇷🇩🇪"]),
        ("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 1, vec!["👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"]),
    ] {
        assert_eq!(wrap(text, columns), lines, "{text} in {columns}");
    }
}

/// Words and characters of all widths.
fn said() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "word",
        "somewhatLonger",
        " ",
        "  ",
        "\n",
        "日本語",
        "🥐",
        "🇫🇷",
        "👩‍👩‍👧‍👦",
        "e\u{301}",
        "⛴️",
        "\u{200b}",
    ]);
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn wrapped_text_fits_and_loses_nothing_but_spaces(said in said(), columns in 2..30_usize) {
        let lines = wrap(&said, columns);
        for line in &lines {
            prop_assert!(width(line) <= columns, "{:?} in {}", line, columns);
        }
        let without = |text: &str| text.replace([' ', '\n'], "");
        prop_assert_eq!(without(&lines.concat()), without(&said));
    }

    #[test]
    fn cut_text_fits_and_is_a_beginning(said in said(), columns in 0..30_usize) {
        let shown = cut(&said, columns);
        prop_assert!(width(&shown) <= columns);
        if shown != said {
            prop_assert!(columns == 0 || shown.ends_with('…'));
            prop_assert!(said.starts_with(shown.trim_end_matches('…')));
        }
    }
}
