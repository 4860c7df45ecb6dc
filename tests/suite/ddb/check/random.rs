//! Any damage: what can be mended is, the rest is listed, and no message is lost.

use proptest::prelude::*;

use crate::support::cases;

use super::*;

const GROUPS: usize = 3;
const PEOPLE: [&Person; 3] = [&NINA, &OSCAR, &PETRA];

/// Something done to one group's rows.
#[derive(Debug, Clone)]
enum Damage {
    Lose { owner: usize },
    Copy { owner: usize, at: usize },
    Move { owner: usize, at: usize },
    Reword { owner: usize },
    Misname { owner: usize, other: usize },
    Garble { owner: usize },
    Intrude,
    Write { sender: usize, at: usize },
    WriteElsewhere { sender: usize, hour: usize },
    Forget { keep: usize },
}

fn damage() -> impl Strategy<Value = (usize, Damage)> {
    let owner = || 0..2_usize;
    let time = || 0..20_usize;
    let damage = prop_oneof![
        3 => owner().prop_map(|owner| Damage::Lose { owner }),
        2 => (owner(), time()).prop_map(|(owner, at)| Damage::Copy { owner, at }),
        2 => (owner(), time()).prop_map(|(owner, at)| Damage::Move { owner, at }),
        1 => owner().prop_map(|owner| Damage::Reword { owner }),
        1 => (owner(), 0..3_usize).prop_map(|(owner, other)| Damage::Misname { owner, other }),
        1 => owner().prop_map(|owner| Damage::Garble { owner }),
        1 => Just(Damage::Intrude),
        2 => (owner(), time()).prop_map(|(sender, at)| Damage::Write { sender, at }),
        1 => (owner(), 0..24_usize).prop_map(|(sender, hour)| Damage::WriteElsewhere { sender, hour }),
        1 => (0..3_usize).prop_map(|keep| Damage::Forget { keep }),
    ];
    (0..GROUPS, damage)
}

fn group(number: usize) -> String {
    format!("3c1d7a52-0a4e-4e0b-9a57-1f1f6f0f8c{number:02}")
}

/// The participants of each group.
fn pair(number: usize) -> [&'static Person; 2] {
    [PEOPLE[number % 3], PEOPLE[(number + 1) % 3]]
}

fn sound() -> Vec<Item> {
    (0..GROUPS)
        .flat_map(|number| {
            let (group, pair) = (group(number), pair(number));
            // Apart from the other groups', as in life.
            let time = |n: usize| at(n).replace("000001", &format!("{number:06}"));
            let messages: Vec<Item> =
                (0..4).map(|n| message(&group, &time(n), pair[n % 2], &format!("text {n}"))).collect();
            let rows = [0, 1].map(|n| row(&group, &time(3), pair[n], pair[1 - n], "text 3"));
            messages.into_iter().chain(rows)
        })
        .collect()
}

/// Does it to `items`, as far as there is something to do it to.
fn apply(items: &mut Vec<Item>, number: usize, damage: &Damage) {
    let (group, pair) = (group(number), pair(number));
    let partition = format!("MSG#{group}");
    let of = |owner: usize| {
        let pk = format!("GRP#{}", pair[owner].uuid);
        let group = group.clone();
        move |item: &Item| text(item, "pk") == pk && text(item, "message_group_uuid") == group
    };
    let change = |items: &mut Vec<Item>, owner: usize, values: &[(&str, &str)]| {
        if let Some(index) = items.iter().position(of(owner)) {
            items[index].extend(item(values));
        }
    };
    match damage {
        Damage::Lose { owner } => items.retain(|item| !of(*owner)(item)),
        Damage::Copy { owner, at: time } => {
            let row = items.iter().find(|item| of(*owner)(item)).cloned();
            items.extend(row.map(|row| with(row, &[("sk", &at(*time)), ("message", "an old one")])));
        }
        Damage::Move { owner, at: time } => change(items, *owner, &[("sk", &at(*time))]),
        Damage::Reword { owner } => change(items, *owner, &[("message", "never said")]),
        Damage::Misname { owner, other } => change(items, *owner, &[("user_uuid", PEOPLE[*other].uuid)]),
        Damage::Garble { owner } => change(items, *owner, &[("sk", "some time")]),
        Damage::Intrude => {
            let third = PEOPLE[(number + 2) % 3];
            items.push(row(&group, &at(3), third, pair[0], "text 3"));
        }
        Damage::Write { sender, at: time } => {
            items.push(message(&group, &at(*time + 1), pair[*sender], "by the app"));
        }
        Damage::WriteElsewhere { sender, hour } => {
            let time = format!("2024-05-06T{hour:02}:30:00-05:00");
            items.push(message(&group, &time, pair[*sender], "from elsewhere"));
        }
        Damage::Forget { keep } => {
            let mut left = *keep;
            items.retain(|item| {
                text(item, "pk") != partition || {
                    let stays = left > 0;
                    left = left.saturating_sub(1);
                    stays
                }
            });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..cases(16) })]
    #[test]
    fn any_damage_is_mended_or_listed(damages in prop::collection::vec(damage(), 1..8)) {
        let mut items = sound();
        for (number, damage) in &damages {
            apply(&mut items, *number, damage);
        }
        // A key holds one item: the last that was put.
        let keyed: std::collections::BTreeMap<_, _> =
            items.into_iter().map(|item| ((text(&item, "pk"), text(&item, "sk")), item)).collect();
        let sandbox = table_of(keyed.into_values());
        let messages = sorted(sandbox.items_of("MSG#"));

        let found = check(&sandbox, &[]);
        let mendable = findings(&found).iter().filter(|finding| finding["mendable"] == true).count();
        let left = findings(&found).len() - mendable;
        prop_assert_eq!(found.code, i32::from(!findings(&found).is_empty()), "{}", found.stderr);

        let repair = check(&sandbox, &["--repair"]);
        prop_assert_eq!(findings(&repair).iter().filter(|finding| finding["mended"] == true).count(), mendable);
        let code = match (mendable, left) { (_, 0) => 0, (0, _) => 1, _ => 5 };
        prop_assert_eq!(repair.code, code, "{}", repair.stderr);
        prop_assert_eq!(&sorted(sandbox.items_of("MSG#")), &messages, "messages are never touched");

        let after = sorted(sandbox.items());
        let again = check(&sandbox, &["--repair"]);
        prop_assert!(findings(&again).iter().all(|finding| finding["mendable"] == false), "{}", again.stdout);
        prop_assert_eq!(findings(&again).len(), left, "{}\n{}", found.stdout, again.stdout);
        prop_assert_eq!(sorted(sandbox.items()), after);
    }
}
