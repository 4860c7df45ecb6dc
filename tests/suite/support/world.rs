//! A place for one stack: folders, ports, and a guard that brings it down.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::{
    COGNITO_ENDPOINT, ENCODED_PASSWORD, Gate, LOCAL_POOL, Place, Point, Run, Spawned, TABLE, USER, bare,
    cognito_client, copying_bindir, dynamodb_client, enter, eventually, leave, names, runtime, scratch,
    signal, sql,
};

/// Folders and ports of one stack. Whatever runs there at the end of the test,
/// passed or failed, is stopped.
pub struct World {
    folder: TempDir,
    pub dynamodb_port: u16,
    pub postgres_port: u16,
    pub cognito_port: u16,
    url: String,
    _marks: [UdpSocket; 3],
}

impl World {
    pub fn new() -> Self {
        let folder = scratch();
        // Root's PostgreSQL runs as another account, which must get to the data.
        pass_through(folder.path());
        fs::write(folder.path().join(".env"), "").unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        pass_through(&folder.path().join("tmp"));
        let ([dynamodb_port, postgres_port, cognito_port], marks) = marked_ports();
        let url = format!("postgresql://{USER}:{ENCODED_PASSWORD}@localhost:{postgres_port}/cruddur");
        let world = Self { folder, dynamodb_port, postgres_port, cognito_port, url, _marks: marks };
        enter(Place {
            folder: world.path().to_owned(),
            url: world.url.clone(),
            endpoint: world.endpoint(),
            has_processes: true,
        });
        world
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The stack's data directory.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The folder for temporary files.
    pub fn tmp(&self) -> PathBuf {
        self.path().join("tmp")
    }

    /// The names in the folder for temporary files.
    pub fn tmp_names(&self) -> Vec<String> {
        names(&self.tmp())
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Another `CONNECTION_URL` from now on, on the same port.
    pub fn set_url(&mut self, user: &str, password: &str, database: &str) {
        self.url = format!("postgresql://{user}:{password}@localhost:{}/{database}", self.postgres_port);
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.dynamodb_port)
    }

    /// Where the stack's user pool is.
    pub fn cognito(&self) -> String {
        format!("http://127.0.0.1:{}", self.cognito_port)
    }

    /// `cruddur` in this world, still to be run.
    pub fn command<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_cruddur"), arguments)
    }

    /// Any program in this world, still to be run.
    pub fn command_of<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: I,
    ) -> Command {
        let mut command = bare(program, arguments);
        command
            .current_dir(self.path())
            // A home is no project, so the stack is the user's.
            .env("HOME", self.path())
            .env("CRUDDUR_DATA_DIR", self.data())
            .env("CRUDDUR_POSTGRES_BINDIR", copying_bindir())
            .env("TMPDIR", self.tmp())
            .env("CONNECTION_URL", &self.url)
            .env(COGNITO_ENDPOINT, self.cognito());
        command
    }

    /// Runs `cruddur` in this world.
    pub fn cruddur<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// `local VERB`, on this world's ports, still to be run.
    pub fn on_ports(&self, verb: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(["local", verb]);
        command.arg(format!("--dynamodb-port={}", self.dynamodb_port));
        command.arg(format!("--postgres-port={}", self.postgres_port)).args(arguments);
        command
    }

    /// `local up --detach`
    pub fn up(&self, arguments: &[&str]) -> Run {
        Run::of(self.on_ports("up", arguments).arg("--detach"))
    }

    /// `local down`
    pub fn down(&self) -> Run {
        self.cruddur(["local", "down"])
    }

    /// `local status`
    pub fn status(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.on_ports("status", arguments))
    }

    /// The states of DynamoDB, PostgreSQL and Cognito by `local status`.
    pub fn states(&self) -> [String; 3] {
        let report = self.status(&["-o", "json"]).json();
        [0, 1, 2].map(|index| report["services"][index]["state"].as_str().unwrap().to_owned())
    }

    /// The process that serves the stack, by `local status`.
    pub fn pid(&self) -> u32 {
        let report = self.status(&["-o", "json"]).json();
        report["pid"].as_u64().expect("a process id").try_into().unwrap()
    }

    /// Kills the process that serves the stack, and waits until it has ended and its lock is free.
    pub fn kill_stack(&self) -> u32 {
        let pid = self.pid();
        signal(pid, "KILL");
        eventually("the stack's process is gone", || (!self.is_locked(0)).then_some(()));
        pid
    }

    /// Whether a process holds this byte of the stack's lock: the first to serve it, the second to stop it.
    pub fn is_locked(&self, byte: libc::off_t) -> bool {
        let mut lock = libc::flock {
            l_type: i16::try_from(libc::F_WRLCK).unwrap(),
            l_whence: i16::try_from(libc::SEEK_SET).unwrap(),
            l_start: byte,
            l_len: 1,
            l_pid: 0,
        };
        fcntl(File::open(self.data().join("lock")).unwrap(), FcntlArg::F_GETLK(&mut lock)).unwrap();
        i32::from(lock.l_type) != libc::F_UNLCK
    }

    /// A stack in the foreground, ready.
    pub fn foreground(&self, arguments: &[&str]) -> Spawned {
        let mut up = Spawned::new(&mut self.on_ports("up", arguments));
        eventually("the stack is ready", || {
            let is_ready = self.data().join("stack.json").exists();
            assert!(is_ready || up.is_running(), "it has ended: {}", up.said());
            is_ready.then_some(())
        });
        up
    }

    /// `local exec` with the arguments, no input, and no output.
    pub fn exec(&self, arguments: &[&str]) -> Spawned {
        Spawned::new(self.command(["local", "exec"]).args(arguments))
    }

    /// The same, stopped while its cluster is being made.
    pub fn exec_stopped_at(&self, point: Point) -> (Spawned, Gate) {
        let gate = Gate::new(self, point);
        let exec = Spawned::new(gate.guard(&mut self.command(["local", "exec", "sleep", "600"])));
        gate.reached();
        (exec, gate)
    }

    /// `local up`, stopped while its cluster is being made.
    pub fn up_stopped_at(&self, point: Point, arguments: &[&str]) -> (Spawned, Gate) {
        let gate = Gate::new(self, point);
        let up = Spawned::new(gate.guard(&mut self.on_ports("up", arguments)));
        gate.reached();
        (up, gate)
    }

    pub fn dynamodb(&self) -> Client {
        dynamodb_client(&self.endpoint())
    }

    /// A client of the stack's user pool, other than cruddur's own.
    pub fn user_pool(&self) -> aws_sdk_cognitoidentityprovider::Client {
        cognito_client(&self.cognito(), "us-east-1")
    }

    /// A stack in the background, started with `flags`, that holds what [`Self::put_data`] leaves.
    pub fn with_data(flags: &[&str]) -> Self {
        let world = Self::new();
        world.up(flags).succeeds();
        world.put_data();
        world
    }

    /// Leaves a row, an item and a pool user for [`Self::assert_data`].
    pub fn put_data(&self) {
        sql(&self.url, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here')");
        self.cruddur_on_endpoint(["ddb", "schema-load"]).succeeds();
        let put = self
            .dynamodb()
            .put_item()
            .table_name(TABLE)
            .item("pk", AttributeValue::S("MSG#1".to_owned()))
            .item("sk", AttributeValue::S("2024".to_owned()))
            .send();
        runtime().block_on(put).unwrap();
        let create = self.user_pool().admin_create_user().user_pool_id(LOCAL_POOL);
        runtime().block_on(create.username("kept@example.com").send()).unwrap();
    }

    /// What [`Self::put_data`] has left is there.
    #[track_caller]
    pub fn assert_data(&self) {
        assert_eq!(sql(&self.url, "SELECT word FROM kept"), [["here"]]);
        let get = self
            .dynamodb()
            .get_item()
            .table_name(TABLE)
            .key("pk", AttributeValue::S("MSG#1".to_owned()))
            .key("sk", AttributeValue::S("2024".to_owned()))
            .send();
        assert!(runtime().block_on(get).unwrap().item.is_some(), "the item is gone");
        let get = self.user_pool().admin_get_user().user_pool_id(LOCAL_POOL).username("kept@example.com");
        runtime().block_on(get.send()).expect("the pool's user is there");
    }

    pub fn cruddur_on_endpoint<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Run {
        Run::of(self.command(arguments).env("AWS_ENDPOINT_URL_DYNAMODB", self.endpoint()))
    }

    /// The processes of this world, by whatever ties them to its folder.
    pub fn processes(&self) -> Vec<(u32, String)> {
        processes_in(self.path())
    }

    /// Nothing runs, nothing listens, and there is no temporary file.
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        assert_eq!(self.processes(), []);
        assert_eq!(self.tmp_names(), [""; 0]);
        for port in [self.dynamodb_port, self.postgres_port, self.cognito_port] {
            assert!(is_free(port), "port {port} is still taken");
        }
    }

    /// Kills whatever runs here. A process may start one more while it is being
    /// killed, or end by itself before it is.
    pub fn kill_all(&self) {
        for _ in 0..1_000 {
            let processes = self.processes();
            if processes.is_empty() {
                break;
            }
            for (pid, _) in processes {
                let _ = kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Waits until the temporary folder of a stack that is starting holds `name`.
    #[track_caller]
    pub fn scratch_with(&self, name: &str) -> PathBuf {
        eventually(&format!("a temporary folder with {name:?}"), || {
            let folders = fs::read_dir(self.tmp()).unwrap().flatten().map(|entry| entry.path());
            folders.into_iter().find(|folder| folder.join(name).exists())
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.data().exists() {
            // Run::of would panic, perhaps for the second time.
            let _ = self.command(["local", "down"]).output();
        }
        self.kill_all();
        leave(self.path());
    }
}

/// Whether nobody listens on the port. Listening to find out would leave a listener in every process
/// that another thread starts at that moment, until it runs its program.
pub fn is_free(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_err()
}

/// Ports that are free now and given to no other test, for as long as this process is there.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let (ports, marks) = marked_ports();
    std::mem::forget(marks);
    ports
}

/// Ports that are free now, and given to no other test for as long as their marks are held: the
/// same ports of UDP, which nobody uses, so that another run of the tests minds them too. Whether
/// one is free is only tried by whom it is given to. Below those that the kernel gives out, so that
/// no connection takes one in the meantime.
fn marked_ports<const N: usize>() -> ([u16; N], [UdpSocket; N]) {
    let given: [(u16, UdpSocket); N] = std::array::from_fn(|_| {
        eventually("a free port", || {
            let port = fastrand::u16(12_000..32_000);
            let mark = UdpSocket::bind(("127.0.0.1", port)).ok()?;
            is_free(port).then_some((port, mark))
        })
    });
    (given.each_ref().map(|(port, _)| *port), given.map(|(_, mark)| mark))
}

/// A port, and those that cruddur gives to stacks that ask for it when others have it, in order: free now,
/// and given to no other test while this is held.
pub struct SharedPort {
    pub asked: u16,
    pub instead: [u16; 3],
    _marks: Vec<UdpSocket>,
}

impl SharedPort {
    pub fn new() -> Self {
        eventually("a free port with free ones instead", || {
            let asked = fastrand::u16(22_000..29_990);
            let instead = [0, 1, 2].map(|more| asked - 10_000 + more);
            let ports: Vec<u16> = instead.into_iter().chain([asked]).collect();
            let marks: Option<Vec<UdpSocket>> =
                ports.iter().map(|port| UdpSocket::bind(("127.0.0.1", *port)).ok()).collect();
            let marks = marks.filter(|_| ports.iter().all(|port| is_free(*port)))?;
            Some(Self { asked, instead, _marks: marks })
        })
    }
}

/// The processes whose command line, working directory or environment names
/// `folder`; a zombie has none of them.
pub fn processes_in(folder: &Path) -> Vec<(u32, String)> {
    let wanted = folder.to_str().unwrap();
    let Ok(entries) = fs::read_dir("/proc") else { return processes_by_ps(wanted) };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let read = |name: &str| {
            let bytes = fs::read(entry.path().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        let command = read("cmdline");
        let cwd = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        if command.contains(wanted) || cwd.starts_with(folder) || read("environ").contains(wanted) {
            found.push((pid, command));
        }
    }
    found
}

fn processes_by_ps(wanted: &str) -> Vec<(u32, String)> {
    let output = Command::new("ps").args(["-axo", "pid=,command="]).output().expect("ps runs");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.contains(wanted))
        .filter_map(|line| line.trim().split_once(' '))
        .filter_map(|(pid, command)| Some((pid.parse().ok()?, command.to_owned())))
        .collect()
}

fn pass_through(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o711)).unwrap();
}
