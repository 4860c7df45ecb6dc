//! PostgreSQL's programs, as the shared server's version has them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{scratch_root, script, stack};

/// The folder of the programs that the shared server runs from.
pub fn real_bindir() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| stack().bindir())
}

/// The same programs, but that `initdb` copies the first cluster that the real one makes, which takes a
/// sixth of the CPU. All copies have one system identifier, as a server and its standby have.
pub fn copying_bindir() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = scratch_root().join("programs");
        fs::create_dir(&folder).unwrap();
        // PostgreSQL's account, if the tests run as root, keeps its cluster there.
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        for program in fs::read_dir(real_bindir()).unwrap().flatten() {
            if program.file_name() != "initdb" {
                symlink(program.path(), folder.join(program.file_name())).unwrap();
            }
        }
        let text =
            COPY.replace("REAL", real_bindir().to_str().unwrap()).replace("HERE", folder.to_str().unwrap());
        script(&folder.join("initdb"), &text);
        folder
    })
}

/// `initdb -D FOLDER -U ROLE …`, with the verifier of the role's password as input. There is no PATH.
const COPY: &str = r#"
made='HERE/cluster of '$4
if [ ! -d "$made" ]; then
    'REAL/initdb' "$@" || exit
    # Nobody else copies, then or later: a folder that is moved to another ends up inside.
    if /bin/mkdir "$made.lock" 2> /dev/null; then
        /bin/cp -R "$2" "$made.copying" && /bin/mv "$made.copying" "$made"
    fi
    exit
fi
read -r verifier
/bin/cp -R "$made/." "$2" && /bin/chmod 700 "$2" &&
    echo "ALTER ROLE \"$4\" PASSWORD '$verifier'" | 'REAL/postgres' --single -D "$2" postgres
"#;
