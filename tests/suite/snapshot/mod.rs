//! What a reviewer reads: everything that the commands print, in `tests/suite/snapshots`.

mod errors;
mod help;
mod output;
mod services;

use crate::support::{Book, GROUP, Page, Sandbox};

/// The flags of each form of output; none for the table.
const FORMATS: [&[&str]; 3] = [&[], &["-o", "json"], &["-o", "ndjson"]];

/// A page of one command: how it prints by default, and both forms of JSON.
fn formats(book: &mut Book, sandbox: &Sandbox, command: &str, arguments: &[&str]) {
    lines(book, sandbox, command, &[arguments, arguments, arguments]);
}

/// The same for a command that cannot run with the same words again.
fn lines(book: &mut Book, sandbox: &Sandbox, command: &str, arguments: &[&[&str]; 3]) {
    let mut page = Page::default();
    for (arguments, format) in arguments.iter().zip(FORMATS) {
        page.run(sandbox.command(command.split(' ')).args(*arguments).args(format));
    }
    book.page(&command.replace(' ', "-"), &page);
}

/// A page of a command that has no other format, or of several lines of it.
fn plain(book: &mut Book, sandbox: &Sandbox, command: &str, arguments: &[&[&str]]) {
    let mut page = Page::default();
    for arguments in arguments {
        page.run(sandbox.command(command.split(' ')).args(*arguments));
    }
    book.page(&command.replace(' ', "-"), &page);
}

/// A world with a conversation of long ago, of which nothing depends on the day.
fn conversation() -> Sandbox {
    let sandbox = Sandbox::set_up();
    let people = ["nina", "oscar"].map(|handle| sandbox.user(handle));
    let last = "2024-02-29T00:01:00.000000+00:00";
    for (owner, other) in [(0, 1), (1, 0)] {
        let (owner, other) = (&people[owner], &people[other]);
        sandbox.put(&[
            ("pk", &format!("GRP#{}", owner.uuid)),
            ("sk", last),
            ("message_group_uuid", GROUP),
            ("message", "So am I."),
            ("user_uuid", &other.uuid.to_string()),
            ("user_display_name", &other.display_name),
            ("user_handle", &other.handle),
        ]);
    }
    for (number, (time, user, said)) in
        [("2024-02-28T23:59:00.000000+00:00", 0, "I am up."), (last, 1, "So am I.")].into_iter().enumerate()
    {
        let user = &people[user];
        sandbox.put(&[
            ("pk", &format!("MSG#{GROUP}")),
            ("sk", time),
            ("message_uuid", &format!("00000000-0000-4000-8000-00000000000{number}")),
            ("message", said),
            ("user_uuid", &user.uuid.to_string()),
            ("user_display_name", &user.display_name),
            ("user_handle", &user.handle),
        ]);
    }
    sandbox
}
