//! Matching the users of the pool and of the table.

use std::collections::BTreeMap;

use cruddur::messaging::{AppUser, Identity, MOCK, Match, MatchOutcome, Tally, add_missing, match_users};
use proptest::prelude::*;
use uuid::Uuid;

/// Few handles, so that they are shared often.
fn handle() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        1 => Just(None),
        1 => prop_oneof![Just(String::new()), Just("  ".to_owned())].prop_map(Some),
        8 => (0..12_u8).prop_map(|number| Some(format!("user-{number}"))),
    ]
}

fn rows() -> impl Strategy<Value = Vec<AppUser>> {
    let old = prop_oneof![
        Just(None),
        Just(Some(MOCK.to_owned())),
        (0..12_u8).prop_map(|n| Some(format!("sub-{n}")))
    ];
    prop::collection::vec((handle(), old), 0..12).prop_map(|rows| {
        let row = |(index, (handle, cognito_user_id))| AppUser {
            uuid: Uuid::from_u128(index as u128),
            handle,
            cognito_user_id,
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

fn pool() -> impl Strategy<Value = Vec<Identity>> {
    prop::collection::vec(handle(), 0..12).prop_map(|handles| {
        let user = |(index, handle)| Identity { handle, sub: format!("sub-{index}"), ..Identity::default() };
        handles.into_iter().enumerate().map(user).collect()
    })
}

fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

proptest! {
    #[test]
    fn nobody_is_lost_and_nobody_is_there_twice(rows in rows(), pool in pool()) {
        let matches = match_users(rows.clone(), pool.clone());
        prop_assert_eq!(
            sorted(matches.iter().filter_map(|one| one.user_uuid)),
            sorted(rows.iter().map(|row| row.uuid))
        );
        prop_assert_eq!(
            sorted(matches.iter().filter_map(|one| one.new.clone())),
            sorted(pool.iter().map(|user| user.sub.clone()))
        );
    }

    #[test]
    fn only_a_handle_of_one_row_and_one_user_matches(rows in rows(), pool in pool()) {
        let mut owners: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for handle in rows.iter().filter_map(|row| row.handle.as_deref()) {
            owners.entry(handle).or_default().0 += 1;
        }
        for handle in pool.iter().filter_map(Identity::usable_handle) {
            owners.entry(handle).or_default().1 += 1;
        }
        for one in match_users(rows.clone(), pool.clone()) {
            let owners = one.handle.as_deref().and_then(|handle| owners.get(handle)).copied();
            let expected = match one.result {
                MatchOutcome::Updated | MatchOutcome::Unchanged => owners == Some((1, 1)),
                MatchOutcome::NotInTable => owners == Some((0, 1)),
                MatchOutcome::NotInPool => owners.is_none_or(|owners| owners == (1, 0)),
                MatchOutcome::NoHandle => one.user_uuid.is_none(),
                MatchOutcome::Ambiguous => owners.is_some_and(|(rows, users)| rows > 1 || users > 1),
                other => panic!("nobody is to be added: {other:?}"),
            };
            prop_assert!(expected, "{:?} {:?}", one, owners);
            prop_assert_eq!(one.result == MatchOutcome::Unchanged, one.old.is_some() && one.old == one.new);
        }
    }

    #[test]
    fn the_order_of_what_comes_in_does_not_matter(rows in rows(), pool in pool(), seed in any::<u64>()) {
        let (mut other_rows, mut other_pool) = (rows.clone(), pool.clone());
        let mut random = fastrand::Rng::with_seed(seed);
        random.shuffle(&mut other_rows);
        random.shuffle(&mut other_pool);
        let by_handle = |matches: Vec<Match>| -> Vec<Match> {
            matches.into_iter().filter(|one| one.handle.is_some() && one.result != MatchOutcome::NoHandle).collect()
        };
        prop_assert_eq!(by_handle(match_users(rows, pool)), by_handle(match_users(other_rows, other_pool)));
    }

    #[test]
    fn the_tally_counts_every_line_once_and_what_is_left_mock(rows in rows(), pool in pool()) {
        let matches = match_users(rows.clone(), pool);
        let tally = Tally::of(&matches);
        prop_assert_eq!(tally.updated + tally.unchanged + tally.unmatched(), matches.len());
        let updated = |row: &AppUser| {
            matches.iter().any(|one| one.result == MatchOutcome::Updated && one.user_uuid == Some(row.uuid))
        };
        let left = rows.iter().filter(|row| row.cognito_user_id.as_deref() == Some(MOCK) && !updated(row));
        prop_assert_eq!(tally.still_mock, left.count());
    }

    #[test]
    fn doing_it_twice_changes_nothing_more(rows in rows(), pool in pool()) {
        let mut rows = rows;
        for one in match_users(rows.clone(), pool.clone()) {
            if one.result == MatchOutcome::Updated {
                let row = rows.iter_mut().find(|row| Some(row.uuid) == one.user_uuid).unwrap();
                row.cognito_user_id = one.new;
            }
        }
        prop_assert_eq!(Tally::of(&match_users(rows, pool)).updated, 0);
    }
}

#[test]
fn a_user_read_twice_is_one_user() {
    let user = Identity { handle: Some("nina".to_owned()), sub: "sub-1".to_owned(), ..Identity::default() };
    let row = AppUser {
        uuid: Uuid::nil(),
        handle: Some("nina".to_owned()),
        cognito_user_id: Some(MOCK.to_owned()),
    };
    let matches = match_users(vec![row], vec![user.clone(), user]);
    assert_eq!(matches.len(), 1);
    assert_eq!(matches[0].result, MatchOutcome::Updated);
}

#[test]
fn handles_are_compared_exactly() {
    let user = |handle: &str| Identity {
        handle: Some(handle.to_owned()),
        sub: handle.to_owned(),
        ..Identity::default()
    };
    let row =
        |handle: &str| AppUser { uuid: Uuid::nil(), handle: Some(handle.to_owned()), cognito_user_id: None };
    for (handle, other) in [("nina", "Nina"), ("nina", "nina "), ("é", "e\u{301}")] {
        let results: Vec<MatchOutcome> =
            match_users(vec![row(handle)], vec![user(other)]).into_iter().map(|one| one.result).collect();
        assert!(!results.contains(&MatchOutcome::Updated), "{handle:?} {other:?}");
    }
}

proptest! {
    #[test]
    fn whoever_is_added_lacks_nothing_and_then_nobody_is(rows in rows(), pool in pool(), whole in any::<u16>()) {
        let pool: Vec<Identity> = pool
            .into_iter()
            .enumerate()
            .map(|(index, user)| {
                let has = whole & (1 << index) != 0;
                Identity { email: has.then(|| "a@example.com".into()), name: Some("A".into()), ..user }
            })
            .collect();
        let mut rows = rows;
        let mut matches = match_users(rows.clone(), pool.clone());
        let lacking = Tally::of(&matches).not_in_table;
        add_missing(&mut matches);
        let tally = Tally::of(&matches);
        prop_assert_eq!((tally.not_in_table, tally.added + tally.not_added), (0, lacking));
        for one in &matches {
            if one.result == MatchOutcome::Updated {
                let row = rows.iter_mut().find(|row| Some(row.uuid) == one.user_uuid).unwrap();
                row.cognito_user_id.clone_from(&one.new);
            }
        }
        for (index, one) in matches.iter().filter(|one| one.result == MatchOutcome::Added).enumerate() {
            prop_assert!(one.email.is_some() && one.name.is_some() && one.handle.is_some());
            prop_assert!(rows.iter().all(|row| row.cognito_user_id != one.new && row.handle != one.handle));
            rows.push(AppUser {
                uuid: Uuid::from_u128(1000 + index as u128),
                handle: one.handle.clone(),
                cognito_user_id: one.new.clone(),
            });
        }
        let mut again = match_users(rows, pool);
        add_missing(&mut again);
        let again = Tally::of(&again);
        prop_assert_eq!((again.added, again.updated), (0, 0));
    }
}
