//! Failures that code acts on, or for which a command helps.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::target::Target;

/// What helps against an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// A command to run.
    Run(String),
    /// Anything else, in words.
    Text(String),
    /// What helps follows from the reason. Only `commands::hints` knows the commands and flags.
    For(Reason),
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(command) => write!(f, "run: {command}"),
            Self::Text(text) => f.write_str(text),
            Self::For(reason) => write!(f, "{reason:?}"),
        }
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<std::borrow::Cow<'_, str>> for Hint {
    fn from(text: std::borrow::Cow<'_, str>) -> Self {
        Self::Text(text.into_owned())
    }
}

impl From<Reason> for Hint {
    fn from(reason: Reason) -> Self {
        Self::For(reason)
    }
}

/// What failed, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No complete answer within this time.
    Timeout(Duration),
    /// The service is busy, failed or cannot be reached. It may answer later.
    Transient,
    /// A dry run held the request back.
    NotSent,
    /// Nobody listens where the local stack should.
    NoLocalStack,
    /// Nothing useful answers at the configured address of a local DynamoDB.
    NoEmulator,
    /// Nothing useful answers at an address of AWS's.
    NoService,
    /// No region is set.
    NoRegion,
    /// The region cannot be one.
    BadRegion,
    /// There are no valid AWS credentials.
    NoCredentials,
    /// The environment has the local stack's credentials, and the service is on AWS.
    LocalCredentials,
    /// The service refused the credentials.
    RefusedCredentials,
    /// There is no such table.
    MissingTable(String, Target),
    /// The table is protected against deletion.
    ProtectedTable(String, Target),
    /// The table has no index.
    NoIndex(String, Target),
    /// A global index cannot be read consistently.
    ConsistentIndex,
    /// It is not a condition that a Query takes.
    NotKeyCondition,
    /// The attribute is not in the key that is queried, but perhaps in this index's.
    NotInKey(String, Option<String>),
    /// The table has a stream with another view type.
    OtherView(String, Target),
    /// Another run has locked the checkpoint.
    CheckpointInUse,
    /// The checkpoint belongs to another table.
    OtherCheckpoint,
    /// There is no such message group.
    MissingGroup(Target),
    /// One of a group's rows is missing.
    MissingRow(Target),
    /// It is not a cursor, or one for other rows.
    BadCursor,
    /// A range was given beside a cursor that has another.
    CursorHasRange,
    /// The file that an export would write exists.
    FileExists,
    /// An unfinished export is there.
    UnfinishedExport,
    /// The export stopped and can be resumed.
    StoppedExport,
    /// The unfinished export is damaged, or of another table.
    UnusableExport,
    /// There is no such database.
    MissingDatabase(Target),
    /// Something else listens where the local PostgreSQL should.
    NotPostgres,
    /// The server is starting up or shutting down.
    StartingUp(Target),
    /// The server takes no more connections.
    TooManyConnections(Target),
    /// The server refused the role, its password or the connection's encryption.
    RefusedRole,
    /// A table of the schema does not exist.
    MissingRelation(Target),
    /// The users table lacks columns.
    OtherUsersTable,
    /// The users table is empty.
    NoUsers(Target),
    /// The file uses this psql variable, which is not set. It may be a colon of SQL's own.
    UnsetVariable(String, bool),
    /// The file sets a psql variable itself, perhaps this one.
    SetsVariable(Option<String>),
    /// The file includes another.
    IncludesFile,
    /// The pool is in the first region, and the second was asked.
    OtherRegion(String, String),
    /// Cognito cannot read the filter.
    BadFilter,
    /// Another user of the pool has this address.
    AddressTaken(String, Target),
    /// A user of the pool has this handle already.
    HandleTaken(String, Target),
    /// The user of this handle has a temporary password, and should have another.
    TemporaryPassword(String, Target),
    /// The pool does not take this user's password.
    WrongPassword(String, Target),
    /// The pool does not take this app client, which is from the source in words.
    UnusableClient(String, String),
    /// There is no such user in the pool.
    MissingPoolUser(Target),
    /// The file is not a saved list of users.
    NotSavedUsers,
    /// The security group's rule lets nobody in, or not by address.
    UnusableRule,
    /// There is no such rule or group here.
    MissingRule,
    /// Another run is starting the local stack.
    StackStarting,
    /// The local stack runs, but not as wanted.
    OtherStack,
    /// The local stack has not been started yet.
    NoStackYet,
    /// There is no such snapshot.
    NoSnapshot,
    /// There is a snapshot of this name.
    SnapshotExists(String),
    /// Two servers of the local stack would have the same port.
    SamePort,
    /// Something else has the port of the local DynamoDB.
    DynamoDbPortTaken,
    /// Something else has the port of the local Cognito.
    CognitoPortTaken,
    /// Something else has the port of the local PostgreSQL.
    PostgresPortTaken,
    /// The variable names a port that belongs to the local stack of another project.
    PortOfOtherStack(String),
    /// The local stack of this project has the port that is asked for, and there is none here.
    NoStackHere(PathBuf),
    /// The local stack in this folder has a port that this one should get, and is running.
    OtherStackRuns(PathBuf),
    /// The file with the ports of a local stack cannot be used.
    DamagedPorts(PathBuf),
    /// There is no folder for the local stack's data.
    NoDataFolder,
    /// PostgreSQL's account cannot enter the data's folder.
    ClosedFolder,
}
