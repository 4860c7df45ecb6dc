//! Commands in any order, against a model of what the table then holds. A scan is the judge.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use uuid::Uuid;

use crate::support::{Item, Sandbox, cases, text};

/// The users of the built-in seed, as they are named at first.
const PEOPLE: [(&str, &str); 3] =
    [("nina", "Nina Okafor"), ("oscar", "Oscar Lindqvist"), ("petra", "Petra Novak")];
/// Who talks to whom: the two of each conversation.
const PAIRS: [[usize; 2]; 3] = [[0, 1], [1, 2], [2, 0]];

/// What somebody is called: handle and display name.
type Name = (String, String);

/// A message: who wrote it, as named in it, and its text.
type Said = (usize, Name, String);

/// A row: whose inbox it is in, the other one, as named in it, and the text that it shows.
type Row = (usize, usize, Name, String);

#[derive(Debug, Clone, Default, PartialEq)]
struct Conversation {
    said: Vec<Said>,
    rows: BTreeSet<Row>,
}

/// What is in the table.
#[derive(Debug, Clone, Default, PartialEq)]
struct Contents {
    /// Items that are nothing to the app, by the number of their key.
    others: BTreeMap<u8, String>,
    /// By the place of the pair in [`PAIRS`].
    conversations: BTreeMap<usize, Conversation>,
}

#[derive(Debug, Clone)]
struct Model {
    contents: Contents,
    names: [Name; 3],
    /// What was exported last, and what everybody was called then.
    exported: Option<(Contents, [Name; 3])>,
    /// Makes each text and each name another.
    step: usize,
}

#[derive(Debug, Clone)]
enum Step {
    Put {
        key: u8,
        replace: bool,
    },
    Delete {
        key: u8,
    },
    Export,
    /// Brings back what was exported, over what is there.
    Import {
        keep: bool,
    },
    /// The same, into a table that is emptied first.
    Restore {
        recreate: bool,
    },
    Truncate {
        recreate: bool,
    },
    Seed {
        pair: usize,
        messages: usize,
    },
    Rename {
        person: usize,
        handle: bool,
    },
    CreateMessage {
        pair: usize,
        from: usize,
    },
    CreateConversation {
        pair: usize,
    },
}

impl Model {
    /// What is said in this step, the `number`th if there is more than one.
    fn text(&self, number: usize) -> String {
        format!("text {}.{number}", self.step)
    }

    fn new_name(&self, person: usize, handle: bool) -> Name {
        let (old_handle, old_name) = &self.names[person];
        if handle {
            (format!("handle-{}", self.step), old_name.clone())
        } else {
            (old_handle.clone(), format!("Name {}", self.step))
        }
    }

    fn put(&mut self, key: u8, text: String, replace: bool) {
        if replace || !self.contents.others.contains_key(&key) {
            self.contents.others.insert(key, text);
        }
    }

    /// `who` writes to the conversation of a pair.
    fn say(&mut self, pair: usize, who: usize, text: &str) {
        let conversation = self.contents.conversations.entry(pair).or_default();
        conversation.said.push((who, self.names[who].clone(), text.to_owned()));
        let [one, other] = PAIRS[pair];
        conversation.rows = [(one, other), (other, one)]
            .map(|(owner, other)| (owner, other, self.names[other].clone(), text.to_owned()))
            .into();
    }

    fn rename(&mut self, person: usize, name: &Name) {
        self.names[person] = name.clone();
        for conversation in self.contents.conversations.values_mut() {
            for said in conversation.said.iter_mut().filter(|said| said.0 == person) {
                said.1.clone_from(name);
            }
            let rows = std::mem::take(&mut conversation.rows).into_iter();
            conversation.rows = rows
                .map(|(owner, other, old, text)| {
                    (owner, other, if other == person { name.clone() } else { old }, text)
                })
                .collect();
        }
    }

    fn take(&mut self, step: &Step) {
        self.step += 1;
        match *step {
            Step::Put { key, replace } => {
                let text = self.text(0);
                self.put(key, text, replace);
            }
            Step::Delete { key } => _ = self.contents.others.remove(&key),
            Step::Export => self.exported = Some((self.contents.clone(), self.names.clone())),
            Step::Import { keep } => {
                for (key, text) in self.exported.clone().unwrap().0.others {
                    self.put(key, text, !keep);
                }
            }
            Step::Restore { .. } => self.contents = self.exported.clone().unwrap().0,
            Step::Truncate { .. } => self.contents = Contents::default(),
            Step::Seed { pair, messages } => {
                self.contents.conversations.remove(&pair);
                for number in 0..messages {
                    let text = self.text(number);
                    self.say(pair, PAIRS[pair][number % 2], &text);
                }
            }
            Step::Rename { person, handle } => {
                let name = self.new_name(person, handle);
                self.rename(person, &name);
            }
            Step::CreateMessage { pair, from } => {
                let text = self.text(0);
                self.say(pair, PAIRS[pair][from], &text);
            }
            Step::CreateConversation { pair } => {
                if !self.contents.conversations.contains_key(&pair) {
                    let text = self.text(0);
                    self.say(pair, PAIRS[pair][0], &text);
                }
            }
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let names = PEOPLE.map(|(handle, name)| (handle.to_owned(), name.to_owned()));
        Just(Self { contents: Contents::default(), names, exported: None, step: 0 }).boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Step> {
        let pair = 0..PAIRS.len();
        let step = prop_oneof![
            3 => (0..4_u8, any::<bool>()).prop_map(|(key, replace)| Step::Put { key, replace }),
            1 => (0..4_u8).prop_map(|key| Step::Delete { key }),
            2 => Just(Step::Export),
            1 => any::<bool>().prop_map(|recreate| Step::Truncate { recreate }),
            3 => (pair.clone(), 1..4_usize).prop_map(|(pair, messages)| Step::Seed { pair, messages }),
            2 => (0..3_usize, any::<bool>()).prop_map(|(person, handle)| Step::Rename { person, handle }),
            2 => pair.prop_map(|pair| Step::CreateConversation { pair }),
        ];
        let mut steps = vec![(8, step.boxed())];
        let begun: Vec<usize> = model.contents.conversations.keys().copied().collect();
        if !begun.is_empty() {
            let message = (select(begun), 0..2_usize);
            let message = message.prop_map(|(pair, from)| Step::CreateMessage { pair, from });
            steps.push((3, message.boxed()));
        }
        if model.exported.is_some() {
            steps.push((1, any::<bool>().prop_map(|keep| Step::Import { keep }).boxed()));
            steps.push((2, any::<bool>().prop_map(|recreate| Step::Restore { recreate }).boxed()));
        }
        proptest::strategy::Union::new_weighted(steps)
            .prop_filter("nothing to bring back", {
                let model = model.clone();
                move |step| Self::preconditions(&model, step)
            })
            .boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.take(step);
        model
    }

    /// An export brings back old names, and rows beside those of newer messages: both are `ddb check`'s.
    fn preconditions(model: &Self, step: &Step) -> bool {
        let exported = model.exported.as_ref();
        match step {
            Step::Import { .. } => {
                exported.is_some_and(|(contents, _)| contents.conversations == model.contents.conversations)
            }
            Step::Restore { .. } => exported.is_some_and(|(_, names)| *names == model.names),
            Step::CreateMessage { pair, .. } => model.contents.conversations.contains_key(pair),
            _ => true,
        }
    }
}

/// A table, and the model's words for what is in it.
struct Table {
    sandbox: Sandbox,
    people: [String; 3],
}

impl Table {
    fn set_up() -> Self {
        let sandbox = Sandbox::set_up();
        let people = PEOPLE.map(|(handle, _)| sandbox.user(handle).uuid.to_string());
        Self { sandbox, people }
    }

    fn person(&self, uuid: &str) -> usize {
        self.people.iter().position(|person| person == uuid).unwrap_or_else(|| panic!("nobody is {uuid}"))
    }

    /// The group of each pair.
    fn groups(&self) -> BTreeMap<usize, String> {
        let mut groups = BTreeMap::new();
        for row in self.sandbox.items_of("GRP#") {
            let two = [text(&row, "pk")["GRP#".len()..].to_owned(), text(&row, "user_uuid")];
            let two = two.map(|uuid| self.person(&uuid));
            let pair =
                PAIRS.iter().position(|pair| pair.contains(&two[0]) && pair.contains(&two[1])).unwrap();
            let group = text(&row, "message_group_uuid");
            let first = groups.entry(pair).or_insert_with(|| group.clone());
            assert_eq!(*first, group, "a second conversation of the pair {pair}");
        }
        groups
    }

    fn contents(&self) -> Contents {
        let name = |item: &Item| (text(item, "user_handle"), text(item, "user_display_name"));
        let others = self.sandbox.items_of("X#").into_iter();
        let others =
            others.map(|item| (text(&item, "sk").parse().unwrap(), text(&item, "message"))).collect();
        let groups = self.groups();
        let conversations = groups.iter().map(|(pair, group)| {
            let messages = self.sandbox.items_of(&format!("MSG#{group}"));
            let newest = messages.last().map(|message| text(message, "sk"));
            let rows = self.sandbox.items_of("GRP#").into_iter();
            let rows: Vec<Item> = rows.filter(|row| text(row, "message_group_uuid") == *group).collect();
            assert!(rows.len() == 2 && rows.iter().all(|row| Some(text(row, "sk")) == newest), "{rows:?}");
            let said =
                |item: &Item| (self.person(&text(item, "user_uuid")), name(item), text(item, "message"));
            let row = |row: &Item| {
                let (other, name, shown) = said(row);
                (self.person(&text(row, "pk")["GRP#".len()..]), other, name, shown)
            };
            let said = messages.iter().map(said).collect();
            (*pair, Conversation { said, rows: rows.iter().map(row).collect() })
        });
        let contents = Contents { others, conversations: conversations.collect() };
        let counted = contents.others.len()
            + contents.conversations.values().map(|one| one.said.len() + one.rows.len()).sum::<usize>();
        assert_eq!(counted, self.sandbox.items().len(), "items that belong to nothing");
        contents
    }

    fn run(&self, words: &[&str]) -> i32 {
        let command = [&["ddb"], words].concat();
        self.sandbox.cruddur(command).code
    }

    fn succeeds(&self, words: &[&str]) {
        assert_eq!(self.run(words), 0, "{words:?}");
    }

    /// Takes `step`, after which the model is `model`.
    fn take(&self, model: &Model, step: &Step) {
        let key = |key: u8| [format!("pk=X#{}", key % 2), format!("sk={key}")];
        let truncate =
            |recreate: bool| self.succeeds(&["truncate", if recreate { "--recreate" } else { "--by-key" }]);
        let file = "export.json.gz";
        match *step {
            Step::Put { key: number, replace } => {
                let (key, text) = (key(number), format!("message={}", model.text(0)));
                let words = ["put", &key[0], &key[1], &text, "--replace"];
                self.run(&words[..words.len() - usize::from(!replace)]);
            }
            Step::Delete { key: number } => {
                let key = key(number);
                self.run(&["delete", &key[0], &key[1]]);
            }
            Step::Export => self.succeeds(&["export", "--force", file]),
            Step::Import { keep } => {
                self.succeeds(&["import", file, if keep { "--keep-existing" } else { "--replace" }]);
            }
            Step::Restore { recreate } => {
                truncate(recreate);
                self.succeeds(&["import", file]);
            }
            Step::Truncate { recreate } => truncate(recreate),
            Step::Seed { pair, messages } => {
                let line = |number: usize| format!("Person {}: {}\n", 1 + number % 2, model.text(number));
                self.sandbox.write("transcript.txt", (0..messages).map(line).collect::<String>());
                let [my, other] = PAIRS[pair].map(|person| model.names[person].0.clone());
                let group = self.groups().remove(&pair).unwrap_or_else(|| Uuid::new_v4().to_string());
                let people = ["--my-handle", &my, "--other-handle", &other];
                let words = ["seed", "transcript.txt", "--message-group-uuid", &group];
                self.succeeds(&[&words[..], &people].concat());
            }
            Step::Rename { .. } => self.rename(model),
            Step::CreateMessage { pair, from } => {
                let (group, from) = (self.groups().remove(&pair).unwrap(), &model.names[PAIRS[pair][from]].0);
                let words = ["patterns", "create-message", "--message-group-uuid", &group, "--from", from];
                self.succeeds(&[&words[..], &[&model.text(0)]].concat());
            }
            Step::CreateConversation { pair } => {
                let [from, to] = PAIRS[pair].map(|person| model.names[person].0.as_str());
                self.run(&["patterns", "create-conversation", "--from", from, "--to", to, &model.text(0)]);
            }
        }
    }

    /// Renames whoever the database does not know by the model's names.
    fn rename(&self, model: &Model) {
        for (uuid, (handle, name)) in self.people.iter().zip(&model.names) {
            let query = format!("SELECT handle, display_name FROM users WHERE uuid = '{uuid}'");
            let now = self.sandbox.sql(&query).remove(0);
            if now[0] != *handle {
                self.succeeds(&["rename-user", &now[0], "--new-handle", handle]);
            } else if now[1] != *name {
                self.succeeds(&["rename-user", &now[0], "--display-name", name]);
            }
        }
    }
}

struct Commands;

impl StateMachineTest for Commands {
    type SystemUnderTest = Table;
    type Reference = Model;

    fn init_test(_: &Model) -> Table {
        Table::set_up()
    }

    fn apply(table: Table, model: &Model, step: Step) -> Table {
        table.take(model, &step);
        table
    }

    fn check_invariants(table: &Table, model: &Model) {
        assert_eq!(table.contents(), model.contents);
    }

    fn teardown(table: Table, _: Model) {
        for item in table.sandbox.items_of("X#") {
            table.sandbox.delete(&text(&item, "pk"), &text(&item, "sk"));
        }
        table.succeeds(&["check"]);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..cases(16) })]

    #[test]
    fn after_any_commands_the_table_holds_what_the_model_says(sequential 1..14 => Commands);
}
