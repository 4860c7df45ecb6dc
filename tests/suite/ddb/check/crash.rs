//! Tables as the old Lambda left them. For each new message it deleted and put
//! each of the group's rows, in steps that a crash could come between.

use super::*;

/// The Lambda's work for a message that has come as number 4, up to `steps`
/// single requests; the rows in `found` are those that the index gave it.
fn old_lambda(sandbox: &Sandbox, found: &[Item], steps: usize) {
    let mut left = steps;
    for row in found {
        for is_put in [false, true] {
            if left == 0 {
                return;
            }
            left -= 1;
            if is_put {
                sandbox.put_item(with(row.clone(), &[("sk", &at(4)), ("message", "text 4")]));
            } else {
                delete(sandbox, row);
            }
        }
    }
}

/// [`GROUP`] with a fifth message that the rows do not show yet.
fn with_a_new_message() -> Sandbox {
    let new = message(GROUP, &at(4), &NINA, "text 4");
    group_with(rows().into_iter().chain([new]))
}

fn shown() -> [Item; 2] {
    rows().map(|row| with(row, &[("sk", &at(4)), ("message", "text 4")]))
}

#[test]
fn a_crash_between_any_two_steps_is_mended() {
    let broken: [&[&str]; 4] =
        [&["row-behind", "row-behind"], &["one-row", "row-behind"], &["row-behind"], &["one-row"]];
    for (steps, broken) in broken.into_iter().enumerate() {
        let sandbox = with_a_new_message();
        old_lambda(&sandbox, &rows(), steps);
        assert_mended(&sandbox, broken, shown());
    }
    let sandbox = with_a_new_message();
    old_lambda(&sandbox, &rows(), 4);
    assert_clean(&sandbox);
}

#[test]
fn a_second_try_that_no_longer_found_the_row_is_mended() {
    let sandbox = with_a_new_message();
    old_lambda(&sandbox, &rows(), 1);
    old_lambda(&sandbox, &rows()[1..], 2);
    assert_mended(&sandbox, &["one-row"], shown());
}

#[test]
fn two_crashes_that_lost_both_rows_are_mended() {
    let sandbox = with_a_new_message();
    old_lambda(&sandbox, &rows(), 1);
    old_lambda(&sandbox, &rows()[1..], 1);
    assert_eq!(sandbox.items_of("GRP#"), []);
    assert_mended(&sandbox, &["no-row"], shown());
}

#[test]
fn two_at_once_that_put_the_rows_twice_are_mended() {
    let sandbox = with_a_new_message();
    old_lambda(&sandbox, &rows(), 4);
    // Another, which saw the rows before, for the message before.
    sandbox.put_all(rows());
    assert_mended(&sandbox, &["duplicate-row"; 2], shown());
}
