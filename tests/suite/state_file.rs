//! The files in which runs store their progress.

use std::fs;
use std::path::Path;

use cruddur::state_file::{StateFile, beside, place, read};

use crate::support::scratch;

#[test]
fn only_one_at_a_time_has_it_and_leaves_no_lock() {
    let folder = scratch();
    let path = folder.path().join("a").join("b").join("state.json");
    let lock = beside(&path, ".lock");
    for _ in 0..2 {
        let held = StateFile::open_in_state(&path).unwrap().unwrap();
        assert!(lock.exists());
        assert!(StateFile::open(&path).unwrap().is_none(), "a second one has it");
        // A dry run only reads it.
        assert_eq!(StateFile::peek(&path).unwrap().read().unwrap(), None);
        drop(held);
        assert!(!lock.exists());
    }
}

#[test]
fn what_is_saved_is_there_until_it_is_removed() {
    let folder = scratch();
    let path = folder.path().join("state.json");
    let file = StateFile::open(&path).unwrap().unwrap();
    assert_eq!(file.load::<u32>("number").unwrap(), None);
    file.remove().unwrap();
    for number in [1, 2] {
        file.save(&number).unwrap();
        assert_eq!(file.load::<u32>("number").unwrap(), Some(number));
    }
    file.write("one").unwrap();
    assert_eq!(read(&path).unwrap().as_deref(), Some("one"));
    let error = file.load::<u32>("number").unwrap_err();
    assert!(error.message().ends_with("state.json:1: not a valid number"), "{}", error.message());
    file.remove().unwrap();
    assert_eq!(read(&path).unwrap(), None);
}

#[test]
fn what_cannot_be_read_or_removed_is_an_error() {
    let folder = scratch();
    let path = folder.path().join("state.json");
    let file = StateFile::open(&path).unwrap().unwrap();
    fs::create_dir(&path).unwrap();
    for error in [file.read().unwrap_err(), file.remove().unwrap_err(), file.write("x").unwrap_err()] {
        assert!(error.message().contains("state.json"), "{}", error.message());
    }
    assert!(StateFile::open(&path).is_err());
    fs::remove_dir(&path).unwrap();
    fs::write(&path, b"\xff").unwrap();
    assert!(file.read().is_err());
}

#[test]
fn a_name_is_one_folder_below_the_state_whatever_it_holds() {
    for (part, folder) in [
        ("http-1", "http-1"),
        ("a/b c:ü", "a-b-c--"),
        ("a.b_c", "a.b_c"),
        ("..", "--"),
        ("...", "---"),
        ("", "-"),
        ("..a", "..a"),
    ] {
        assert_eq!(place(Path::new("state"), [part, "x"]), Path::new("state").join(folder).join("x"));
    }
}
