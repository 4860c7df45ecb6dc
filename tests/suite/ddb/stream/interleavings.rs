//! Messages written and records delivered in every order, by several at once,
//! broken off anywhere: in the end each inbox tells the truth and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_dynamodb::types::AttributeValue;
use cruddur::dynamodb::Billing;
use cruddur::dynamodb::streams::{From, Positions, Reader, Record, Step, Stream, View};
use cruddur::messages_table::{Definition, MessagesTable};
use cruddur::messaging::{Timestamp, User};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{Item, Sandbox, TABLE, cases, runtime, streams_at, text};

/// Queues that records are dealt out to: those of one group may come in any order.
const QUEUES: usize = 3;

/// What happens next. Times are microseconds from a fixed instant.
#[derive(Debug, Clone)]
enum Op {
    /// create_message, broken off after so many polls.
    Send { message: Draft, cut: Option<usize> },
    /// A message put without its rows, as the app does.
    Put { message: Draft, shape: usize },
    /// A batch of records from one queue, some of them twice.
    Deliver { delivery: Delivery, cut: Option<usize> },
    /// All of it at the same time.
    AtOnce { messages: Vec<Draft>, delivery: Delivery },
}

#[derive(Debug, Clone)]
struct Draft {
    group: usize,
    sender: usize,
    at: u32,
}

#[derive(Debug, Clone)]
struct Delivery {
    queue: usize,
    count: usize,
    again: usize,
}

fn draft() -> impl Strategy<Value = Draft> {
    // Few instants, so that messages and rows collide.
    (0..2_usize, 0..2_usize, 0..40_u32).prop_map(|(group, sender, at)| Draft { group, sender, at })
}

fn delivery() -> impl Strategy<Value = Delivery> {
    (0..QUEUES, 1..6_usize, 0..4_usize).prop_map(|(queue, count, again)| Delivery { queue, count, again })
}

fn cut() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![2 => Just(None), 3 => (1..25_usize).prop_map(Some)]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (draft(), cut()).prop_map(|(message, cut)| Op::Send { message, cut }),
        (draft(), 0..4_usize).prop_map(|(message, shape)| Op::Put { message, shape }),
        (delivery(), cut()).prop_map(|(delivery, cut)| Op::Deliver { delivery, cut }),
        (prop::collection::vec(draft(), 1..3), delivery())
            .prop_map(|(messages, delivery)| Op::AtOnce { messages, delivery }),
    ]
}

/// A future that is dropped after a number of polls.
struct Cut<F> {
    work: Pin<Box<F>>,
    polls: Option<usize>,
}

fn cut_after<F: Future>(polls: Option<usize>, work: F) -> Cut<F> {
    Cut { work: Box::pin(work), polls }
}

impl<F: Future> Future for Cut<F> {
    /// `None`: broken off.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(polls) = &mut self.polls {
            if *polls == 0 {
                return Poll::Ready(None);
            }
            *polls -= 1;
        }
        self.work.as_mut().poll(context).map(Some)
    }
}

/// Two groups that share an inbox, and what is known of them.
struct Place {
    sandbox: Sandbox,
    table: MessagesTable,
    groups: [Uuid; 2],
    members: [[User; 2]; 2],
    stream: Stream,
    positions: Positions,
    queues: [Vec<Record>; QUEUES],
    delivered: Vec<Record>,
    /// Keys and texts of the messages that somebody was told are written.
    written: BTreeSet<(String, String, String)>,
    texts: usize,
    /// Microseconds that a row may be later than its message: one where the other group's row has its
    /// time, and one more for each message that moved that row at the same time.
    late: i64,
}

impl Place {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let table = sandbox.messages_table();
        let user = |handle: &str| User {
            uuid: Uuid::new_v4(),
            display_name: handle.to_uppercase(),
            handle: handle.to_owned(),
        };
        let [nina, oscar, petra] = ["nina", "oscar", "petra"].map(user);
        let mut written = BTreeSet::new();
        let members = [[nina.clone(), oscar], [nina, petra]];
        let stream = runtime().block_on(async {
            let definition = Definition { billing: Billing::OnDemand, ..Definition::default() };
            table.create_table(&definition).await.unwrap();
            table.db().enable_stream(TABLE, View::NewImage).await.unwrap();
            let arn = table.db().stream_of(TABLE).await.unwrap().arn.unwrap();
            streams_at(sandbox.port()).await.describe(&arn).await.unwrap().unwrap()
        });
        let groups = members.each_ref().map(|[from, to]| {
            let sent = runtime().block_on(table.create_conversation(from, to, "first", instant(0))).unwrap();
            let group = &sent.message.message_group_uuid;
            written.insert((format!("MSG#{group}"), sent.message.sent_at.clone(), "first".to_owned()));
            group.parse().unwrap()
        });
        Self {
            sandbox,
            table,
            groups,
            members,
            positions: Positions::begin(From::TrimHorizon, &stream),
            stream,
            queues: Default::default(),
            delivered: Vec::new(),
            written,
            texts: 0,
            late: 1,
        }
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Send { message, cut } => self.send(std::slice::from_ref(message), *cut, None),
            Op::Put { message, shape } => self.put(message, *shape),
            Op::Deliver { delivery, cut } => self.deliver(delivery, *cut),
            Op::AtOnce { messages, delivery } => {
                self.late += i64::try_from(messages.len()).unwrap();
                self.send(messages, None, Some(delivery));
            }
        }
    }

    /// Sends messages at the same time, and delivers records meanwhile.
    fn send(&mut self, messages: &[Draft], cut: Option<usize>, delivery: Option<&Delivery>) {
        let senders: Vec<_> = messages
            .iter()
            .map(|draft| {
                self.texts += 1;
                let text = format!("sent {}", self.texts);
                let (table, group) = (self.table.clone(), self.groups[draft.group]);
                let (sender, at) = (self.members[draft.group][draft.sender].clone(), instant(draft.at));
                let work = async move { table.create_message(group, &sender, &text, at).await.unwrap() };
                runtime().spawn(cut_after(cut, work))
            })
            .collect();
        if let Some(delivery) = delivery {
            self.deliver(delivery, None);
        }
        for sender in senders {
            if let Some(sent) = runtime().block_on(sender).unwrap() {
                let message = sent.message;
                let partition = format!("MSG#{}", message.message_group_uuid);
                self.written.insert((partition, message.sent_at, message.message));
            }
        }
    }

    fn put(&mut self, draft: &Draft, shape: usize) {
        self.texts += 1;
        let message = format!("put {}", self.texts);
        let partition = format!("MSG#{}", self.groups[draft.group]);
        let at = shaped(draft.at, shape);
        let sender = &self.members[draft.group][draft.sender];
        let item: Item = [
            ("pk", partition.clone()),
            ("sk", at.clone()),
            ("message", message.clone()),
            ("message_uuid", Uuid::new_v4().to_string()),
            ("user_uuid", sender.uuid.to_string()),
            ("user_display_name", sender.display_name.clone()),
            ("user_handle", sender.handle.clone()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value)))
        .collect();
        let request = self.sandbox.dynamodb().put_item().table_name(TABLE).set_item(Some(item));
        // The app itself would overwrite a message of the very same microsecond.
        let put = request.condition_expression("attribute_not_exists(pk)").send();
        if runtime().block_on(put).is_ok() {
            self.written.insert((partition, at, message));
        }
    }

    /// Takes what is new in the stream into the queues.
    fn fetch(&mut self) {
        runtime().block_on(async {
            let streams = streams_at(self.sandbox.port()).await;
            let mut reader = Reader::new(streams, &self.stream, self.positions.clone(), true);
            while let Some(step) = reader.next().await.unwrap() {
                let Step::Records(batch) = step else { panic!("lost: {step:?}") };
                reader.handled(&batch, batch.records.len());
                for record in batch.records {
                    let queue = self.delivered.len() + self.queues.iter().map(Vec::len).sum::<usize>();
                    self.queues[queue % QUEUES].push(record);
                }
            }
            self.positions = reader.positions().clone();
        });
    }

    fn deliver(&mut self, delivery: &Delivery, cut: Option<usize>) {
        self.fetch();
        let queue = &self.queues[delivery.queue];
        let count = delivery.count.min(queue.len());
        let mut batch = queue[..count].to_vec();
        batch.extend(self.delivered.iter().rev().take(delivery.again).cloned());
        let (table, records) = (self.table.clone(), batch.clone());
        let work = async move { table.handle_records(&records).await };
        // Broken off, the records come again.
        let Some(handled) = runtime().block_on(cut_after(cut, work)) else { return };
        assert!(handled.failure.is_none(), "{:?}", handled.failure);
        assert_eq!(handled.records, batch.len());
        assert_eq!(handled.unreadable, Vec::<String>::new());
        let done: Vec<Record> = self.queues[delivery.queue].drain(..count).collect();
        self.delivered.extend(done);
    }

    fn deliver_all(&mut self) {
        self.fetch();
        while self.queues.iter().any(|queue| !queue.is_empty()) {
            for queue in 0..QUEUES {
                self.deliver(&Delivery { queue, count: usize::MAX, again: 2 }, None);
            }
        }
    }

    fn assert_true(&self) {
        let items = self.sandbox.items();
        let messages: BTreeMap<(String, String), String> = items
            .iter()
            .filter(|item| text(item, "pk").starts_with("MSG#"))
            .map(|item| ((text(item, "pk"), text(item, "sk")), text(item, "message")))
            .collect();
        for (partition, at, text) in &self.written {
            assert_eq!(messages.get(&(partition.clone(), at.clone())), Some(text), "lost or overwritten");
        }
        for (group, members) in self.groups.iter().zip(&self.members) {
            let time = |at: &str| at.parse::<Timestamp>().unwrap();
            let of_group =
                || messages.iter().filter(|((partition, _), _)| *partition == format!("MSG#{group}"));
            let newest = of_group().map(|((_, at), _)| time(at)).max().unwrap();
            let newest_texts: BTreeSet<&String> =
                of_group().filter(|((_, at), _)| time(at) == newest).map(|(_, text)| text).collect();
            let rows: Vec<&Item> = items
                .iter()
                .filter(|item| item.get("message_group_uuid") == Some(&AttributeValue::S(group.to_string())))
                .collect();
            let owners: BTreeSet<String> = rows.iter().map(|row| text(row, "pk")).collect();
            let expected: BTreeSet<String> =
                members.iter().map(|member| format!("GRP#{}", member.uuid)).collect();
            assert_eq!((rows.len(), owners), (2, expected));
            for row in rows {
                let (at, shown) = (text(row, "sk"), text(row, "message"));
                assert!(newest_texts.contains(&shown), "{at} {shown:?}, newest {newest}: {newest_texts:?}");
                let late = time(&at).microseconds() - newest.microseconds();
                assert!((0..=self.late).contains(&late), "{at}, newest {newest}");
            }
        }
        self.sandbox.cruddur(["ddb", "check", "--skip-users"]).succeeds();
    }
}

/// Canonical, on purpose close together.
fn instant(microseconds: u32) -> Timestamp {
    format!("2031-05-06T07:08:09.{microseconds:06}+00:00").parse().unwrap()
}

/// In one of the shapes that are about; those other than ours at milliseconds of
/// their own, sorted as text otherwise than as time.
fn shaped(at: u32, shape: usize) -> String {
    match shape {
        0 => instant(at).to_string(),
        1 => format!("2031-05-06T02:08:09.1{at:02}-05:00"),
        2 => format!("2031-05-06T07:08:09.2{at:02}Z"),
        _ => format!("2031-05-06T07:08:{:02}", 10 + at),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..cases(16) })]

    #[test]
    fn whatever_the_order_every_inbox_shows_its_newest_messages(ops in prop::collection::vec(op(), 1..14)) {
        let mut place = Place::new();
        for op in &ops {
            place.run(op);
        }
        place.deliver_all();
        place.assert_true();
    }
}
