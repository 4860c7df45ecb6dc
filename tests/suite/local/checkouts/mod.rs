//! A stack for each checkout, without a flag.

mod all;
mod at_once;
mod env;
mod found;
mod ports;
mod side_by_side;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::{COGNITO_ENDPOINT, Run, SharedPort, World};

/// Checkouts in one world, whose `.env` files name the same ports.
struct Checkouts {
    world: World,
    dynamodb: SharedPort,
    postgres: SharedPort,
    cognito: SharedPort,
}

/// The services, as their ports are listed.
const SERVICES: [&str; 3] = ["dynamodb", "postgresql", "cognito"];

impl Checkouts {
    /// Two clones `one` and `two`, and a worktree `three` of the first.
    fn new() -> Self {
        let world = World::new();
        let [dynamodb, postgres, cognito] = [(); 3].map(|()| SharedPort::new());
        let checkouts = Self { world, dynamodb, postgres, cognito };
        for name in ["one", "two", "three"] {
            let folder = checkouts.folder(name);
            fs::create_dir_all(folder.join("app/src")).unwrap();
            fs::write(folder.join(".env"), checkouts.settings()).unwrap();
            match name {
                "three" => {
                    fs::write(folder.join(".git"), "gitdir: ../one/.git/worktrees/three\n").unwrap();
                }
                _ => fs::create_dir(folder.join(".git")).unwrap(),
            }
        }
        checkouts
    }

    /// The `.env` file of each.
    fn settings(&self) -> String {
        format!(
            "CONNECTION_URL={}\nAWS_ENDPOINT_URL=http://localhost:{}\n{COGNITO_ENDPOINT}=http://localhost:{}\n",
            url(self.postgres.asked),
            self.dynamodb.asked,
            self.cognito.asked
        )
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.world.path().join(name)
    }

    /// `cruddur` in a folder, still to be run.
    fn command(&self, folder: &str, words: &[&str]) -> Command {
        self.command_of(folder, env!("CARGO_BIN_EXE_cruddur"), words)
    }

    /// Any program in a folder, still to be run.
    fn command_of(&self, folder: &str, program: &str, words: &[&str]) -> Command {
        let mut command = self.world.command_of(program, words);
        command.current_dir(self.folder(folder)).env_remove("CONNECTION_URL").env_remove(COGNITO_ENDPOINT);
        command
    }

    /// Runs `cruddur` in a folder.
    fn cruddur(&self, folder: &str, words: &[&str]) -> Run {
        Run::of(&mut self.command(folder, words))
    }

    /// `local up --detach` in a folder.
    fn up(&self, folder: &str, words: &[&str]) -> Run {
        self.cruddur(folder, &[&["local", "up", "--detach"], words].concat())
    }

    fn down(&self, folder: &str) {
        self.cruddur(folder, &["local", "down"]).succeeds().says("stopped");
    }

    /// The report of `local status` in a folder.
    fn status(&self, folder: &str) -> Value {
        self.cruddur(folder, &["local", "status", "-o", "json"]).json()
    }

    /// The ports of the stack of a folder: DynamoDB's, PostgreSQL's, Cognito's.
    fn ports(&self, folder: &str) -> [u16; 3] {
        let report = self.status(folder);
        [0, 1, 2].map(|index| {
            let service = &report["services"][index];
            assert_eq!(service["service"], SERVICES[index]);
            service["port"].as_u64().unwrap().try_into().unwrap()
        })
    }

    /// The ports that the settings name.
    fn asked(&self) -> [u16; 3] {
        [&self.dynamodb, &self.postgres, &self.cognito].map(|port| port.asked)
    }

    /// The ports that the first, second or third stack gets that has to have others.
    fn instead(&self, number: usize) -> [u16; 3] {
        [&self.dynamodb, &self.postgres, &self.cognito].map(|port| port.instead[number])
    }

    /// The folder of a checkout's stack.
    fn stack(&self, name: &str) -> PathBuf {
        let stacks = fs::read_dir(self.world.data().join("stacks")).unwrap().flatten();
        let mut found = stacks.map(|entry| entry.path()).filter(|path| {
            path.is_dir() && path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{name}-"))
        });
        found.next().unwrap_or_else(|| panic!("no stack of {name}"))
    }

    /// How messages name the stack of a checkout.
    fn named(&self, name: &str) -> String {
        format!("the stack of {}", self.folder(name).canonicalize().unwrap().display())
    }
}

impl Drop for Checkouts {
    fn drop(&mut self) {
        // Run::of would panic, perhaps for the second time.
        let _ = self.world.command(["local", "down", "--all"]).output();
    }
}

/// The connection string of the settings, on another port.
fn url(port: u16) -> String {
    format!("postgresql://postgres:password@localhost:{port}/cruddur")
}
