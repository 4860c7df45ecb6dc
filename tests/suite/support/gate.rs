//! A program of PostgreSQL's that stops at a point of its work and waits there for the test.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{World, eventually, real_bindir};

/// Where a program stops, `initdb` unless another one is named. It always waits before it
/// has told its parent of an end.
#[derive(Clone, Copy)]
pub enum Point {
    /// Nothing has been made.
    Before,
    /// The real `initdb` has begun to write, and is stopped.
    Middle,
    /// The real `initdb` has made everything.
    After,
    /// `postgres` is to serve, and has not begun.
    Server,
    /// `pg_ctl` is to stop a server, and has not begun.
    Stop,
}

/// The stopped program of one world, and the only way to let it go on.
pub struct Gate {
    bindir: PathBuf,
    /// Held open, so that neither side blocks when it opens the pipe.
    pipe: File,
}

impl Gate {
    pub fn new(world: &World, point: Point) -> Self {
        let bindir = bin_folder(world);
        // PostgreSQL may run as another account, and without a PATH.
        fs::set_permissions(&bindir, fs::Permissions::from_mode(0o777)).unwrap();
        let pipe = bindir.join("pipe");
        mkfifo(&pipe, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        fs::set_permissions(&pipe, fs::Permissions::from_mode(0o666)).unwrap();
        let pipe = OpenOptions::new().read(true).write(true).open(pipe).unwrap();
        let real = real_bindir();
        let real = real.display();
        for name in ["initdb", "postgres", "pg_ctl"] {
            script(&bindir.join(name), &format!("exec {real}/{name} \"$@\""));
        }
        let here = bindir.display();
        let wait = format!("echo $$ > {here}/reached; read go < {here}/pipe");
        let text = match point {
            Point::Before => format!("{wait}; exec {real}/initdb \"$@\""),
            Point::After => format!("{real}/initdb \"$@\" || exit; {wait}"),
            Point::Server => format!("case $1 in -D) {wait};; esac; exec {real}/postgres \"$@\""),
            Point::Stop => format!("case $1 in stop) {wait};; esac; exec {real}/pg_ctl \"$@\""),
            // `-D FOLDER` comes first. A shell gives its background jobs no stdin.
            Point::Middle => format!(
                "exec 3<&0; {real}/initdb \"$@\" <&3 & until [ -e \"$2/base\" ]; do :; done\n\
                 kill -STOP $!; {wait}; kill -CONT $!; wait $!"
            ),
        };
        let program = match point {
            Point::Server => "postgres",
            Point::Stop => "pg_ctl",
            Point::Before | Point::Middle | Point::After => "initdb",
        };
        script(&bindir.join(program), &text);
        Self { bindir, pipe }
    }

    /// Makes `command` take this program.
    pub fn guard<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("CRUDDUR_POSTGRES_BINDIR", &self.bindir)
    }

    /// The folder of the program, where `pipe` lets it go on and `reached` has its process.
    pub fn bindir(&self) -> &Path {
        &self.bindir
    }

    /// Returns once the program waits at its point.
    #[track_caller]
    pub fn reached(&self) {
        eventually("the program waits", || self.bindir.join("reached").exists().then_some(()));
    }

    /// Lets it go on.
    pub fn open(mut self) {
        self.pipe.write_all(b"\n").unwrap();
    }
}

/// An empty folder for programs in `world`.
pub fn bin_folder(world: &World) -> PathBuf {
    let folder = world.path().join("bin");
    fs::create_dir(&folder).unwrap();
    folder
}

/// Writes an executable shell script.
pub fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
