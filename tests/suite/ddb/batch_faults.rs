//! `ddb seed` against a DynamoDB that takes writes in part, late, or not at all.

use std::collections::HashSet;

use serde_json::Value;

use super::seed::{group_rows, messages_of, numbered};
use crate::support::{Fault, GROUP, Proxy, Run, Sandbox, text};

/// More than two full batches; the two group rows are in a fourth.
const MESSAGES: usize = 58;

/// A world in which BatchWriteItem fails as `plan` has it.
struct Faulty {
    sandbox: Sandbox,
    proxy: Proxy,
}

impl Faulty {
    fn new(plan: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let sandbox = Sandbox::set_up();
        sandbox.write("talk.txt", numbered(MESSAGES, ""));
        let proxy = Proxy::new(sandbox.endpoint(), "BatchWriteItem", plan);
        Self { sandbox, proxy }
    }

    fn seed(&self) -> Run {
        self.sandbox.cruddur(["ddb", "seed", "talk.txt", "--endpoint-url", self.proxy.url()])
    }

    /// How many requests each batch held, the largest first: they are sent side by side.
    fn batches(&self) -> Vec<usize> {
        let mut batches = self.proxy.batches();
        batches.sort_unstable_by_key(|batch| std::cmp::Reverse(*batch));
        batches
    }

    /// How many requests came beyond one for each item.
    fn sent_again(&self) -> usize {
        self.proxy.batches().iter().sum::<usize>() - (MESSAGES + 2)
    }

    /// Whether no two batches were the same.
    fn sent_again_never(&self) -> bool {
        let batches = self.proxy.called_with();
        batches.iter().map(Value::to_string).collect::<HashSet<_>>().len() == batches.len()
    }

    /// How many the first calls leave, when they take so many.
    fn left_by<const N: usize>(&self, taken: [usize; N]) -> usize {
        self.proxy.batches().iter().zip(taken).map(|(batch, taken)| batch - taken.min(*batch)).sum()
    }

    /// Every item is there, once.
    #[track_caller]
    fn assert_whole(&self) {
        let messages = messages_of(&self.sandbox, GROUP);
        let texts: Vec<String> = messages.iter().map(|item| text(item, "message")).collect();
        let expected: Vec<String> = (0..MESSAGES).map(|number| format!("number {number}")).collect();
        assert_eq!(texts, expected);
        let uuids: HashSet<String> = messages.iter().map(|item| text(item, "message_uuid")).collect();
        assert_eq!(uuids.len(), MESSAGES);
        assert_eq!(group_rows(&self.sandbox).len(), 2);
        assert_eq!(self.sandbox.items().len(), MESSAGES + 2);
    }
}

#[test]
fn writes_go_in_batches_of_twenty_five() {
    let faulty = Faulty::new(|_| None);
    faulty.seed().succeeds();
    assert_eq!(faulty.batches(), [25, 25, 8, 2]);
    faulty.assert_whole();
}

#[test]
fn what_comes_back_unprocessed_goes_in_again() {
    // Part of a batch, then all of it, then part of it. They may come in any order.
    let faulty = Faulty::new(|call| [7, 0, 24].get(call).map(|count| Fault::TakeOnly(*count)));
    faulty.seed().succeeds().says(&format!("wrote {MESSAGES} messages"));
    assert_eq!(faulty.sent_again(), faulty.left_by([7, 0, 24]));
    faulty.assert_whole();
}

#[test]
fn the_last_batch_is_retried_as_well() {
    let faulty = Faulty::new(|call| [25, 25, 1, 0, 3].get(call).map(|count| Fault::TakeOnly(*count)));
    faulty.seed().succeeds();
    assert_eq!(faulty.sent_again(), faulty.left_by([25, 25, 1, 0, 3]));
    faulty.assert_whole();
}

#[test]
fn deletes_that_come_back_unprocessed_go_in_again() {
    // Four batches of puts the first time, four and three of deletes the second.
    let faulty = Faulty::new(|call| (8..11).contains(&call).then_some(Fault::TakeOnly(9)));
    faulty.seed().succeeds();
    faulty.seed().succeeds().says(&format!("deleted {} items", MESSAGES + 2));
    assert!(faulty.proxy.calls() > 11);
    faulty.assert_whole();
}

#[test]
fn a_server_error_at_first_is_tried_again() {
    let faulty = Faulty::new(|call| (call < 2).then_some(Fault::Error(500, "InternalServerError")));
    faulty.seed().succeeds();
    faulty.assert_whole();
}

/// DynamoDB answers so when it takes nothing of a batch: a table of 5 write
/// units does it for seconds on end.
fn throttled(code: &'static str) {
    let faulty = Faulty::new(move |call| (1..7).contains(&call).then_some(Fault::Error(400, code)));
    faulty.seed().succeeds();
    faulty.assert_whole();
}

#[test]
fn a_throttled_caller_waits() {
    throttled("ThrottlingException");
}

#[test]
fn a_throttled_table_is_waited_for() {
    throttled("ProvisionedThroughputExceededException");
}

#[test]
fn a_request_limit_is_waited_for() {
    throttled("RequestLimitExceeded");
}

#[test]
fn nothing_written_is_a_plain_failure() {
    let faulty = Faulty::new(|_| Some(Fault::Error(400, "ValidationException")));
    faulty.seed().exits_with(1).says("cannot write").says("not now, please").says("[ValidationException]");
    assert!(faulty.sent_again_never(), "what cannot get better is not tried again");
    assert_eq!(faulty.sandbox.items().len(), 0);
}

#[test]
fn refused_credentials_are_a_matter_of_configuration() {
    let faulty = Faulty::new(|_| Some(Fault::Error(400, "UnrecognizedClientException")));
    faulty.seed().exits_with(4);
    assert_eq!(faulty.sandbox.items().len(), 0);
}

/// How many writes are done, by the command's own word, of how many.
#[track_caller]
fn done(run: &Run) -> (usize, usize) {
    let (before, _) = run.stderr.split_once(" writes are done").expect("how far it came");
    let (done, total) = before.rsplit_once("; ").unwrap().1.split_once(" of ").unwrap();
    (done.parse().unwrap(), total.parse().unwrap())
}

#[test]
fn broken_off_in_the_middle_it_says_how_far_it_came_and_the_next_run_repairs() {
    // The second batch is taken in part, and when it comes again it is over for the first run.
    let faulty = Faulty::new(|call| match call {
        1 => Some(Fault::TakeOnly(5)),
        3 => Some(Fault::Error(400, "ValidationException")),
        _ => None,
    });
    let run = faulty.seed().exits_with(5).says("run the same command again");
    let (written, total) = done(&run);
    assert_eq!(total, MESSAGES + 2);
    assert!(written < total);
    assert_eq!(faulty.sandbox.items().len(), written);
    faulty.seed().succeeds().says(&format!("deleted {written} items"));
    faulty.assert_whole();
}

#[test]
fn broken_off_among_the_deletes_it_has_too_much_and_the_next_run_repairs() {
    let faulty = Faulty::new(|call| (call == 9).then_some(Fault::Error(400, "ValidationException")));
    faulty.seed().succeeds();
    let items = MESSAGES + 2;
    let (written, total) = done(&faulty.seed().exits_with(5));
    assert_eq!(total, 2 * items);
    assert!((items..total).contains(&written), "{written}");
    // Every put, and those of the deletes.
    assert_eq!(faulty.sandbox.items().len(), items + items - (written - items));
    faulty.seed().succeeds();
    faulty.assert_whole();
}
