//! Sorting with little memory.

use cruddur::external_sort::{Fixed, Sorter, take};
use proptest::prelude::*;

use crate::support::cases;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pair(u32, u8);

impl Fixed for Pair {
    const BYTES: usize = 5;

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.to_le_bytes());
        bytes.push(self.1);
    }

    fn read(mut bytes: &[u8]) -> Self {
        let number = u32::from_le_bytes(take(&mut bytes));
        let [last] = take(&mut bytes);
        Self(number, last)
    }
}

fn sorted(values: &[Pair], most: usize) -> Vec<Pair> {
    let mut sorter = Sorter::new(most);
    for value in values {
        sorter.push(*value).unwrap();
    }
    sorter.finish().unwrap().map(Result::unwrap).collect()
}

#[test]
fn more_runs_than_may_be_open_are_merged() {
    let values: Vec<Pair> =
        (0..500).rev().map(|number| Pair(number / 2, u8::from(number % 2 == 0))).collect();
    let mut expected = values.clone();
    expected.sort_unstable();
    assert_eq!(sorted(&values, 1), expected);
    assert_eq!(sorted(&values, 3), expected);
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn it_sorts_like_a_sort_in_memory(values in prop::collection::vec((any::<u32>(), any::<u8>()), 0..300), most in 1..400_usize) {
        let values: Vec<Pair> = values.into_iter().map(|(number, last)| Pair(number, last)).collect();
        let mut expected = values.clone();
        expected.sort_unstable();
        prop_assert_eq!(sorted(&values, most), expected);
    }
}
