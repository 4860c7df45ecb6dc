# Sourced by the ensure-*.sh scripts: how to install a package with whatever this
# system has. `log` must name a file before `quietly` and `run` are used.
exec 3>&2 # a trap may run while stderr is still redirected
script=${0##*/}

say() { printf '%s: %s\n' "${script%.sh}" "$*" >&3; }
die() { say "error: $*"; exit 1; }

# Sets `manager`. $1: the managers to look for, if not all of them would do.
look_for_manager() {
    managers=${1:-apt-get dnf brew}
    [ "$(uname -s 2>/dev/null)" != Darwin ] || managers=brew
    for manager in $managers none; do ! command -v "$manager" >/dev/null 2>&1 || break; done
}

# Whether there is a manager, and what it needs: brew nothing, the others root.
may_install() {
    look_for_manager
    case $manager in
        none) return 1 ;;
        brew) return 0 ;;
    esac
    [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null 2>&1 && sudo true 2>/dev/null; }
}

# Sets `manager`. $1: what is missing; $2: what to install by hand instead; $3: as above.
find_manager() {
    look_for_manager "${3:-}"
    [ "$manager" != none ] || die "$1, and nothing to install it with (looked for: $managers)"
    [ "$manager" = brew ] || [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null 2>&1 ||
        die "$1; installing it with $manager needs root, and sudo is missing:" \
            "run this as root, or install $2 yourself"
}

# NEEDRESTART_SUSPEND: Ubuntu would otherwise restart unrelated services.
as_root() {
    set -- env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 "$@"
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}
# Package managers are chatty: their output is shown only when they fail.
quietly() { "$@" >"$log" 2>&1 </dev/null; }
run() { quietly "$@" || { cat "$log" >&3; die "installation failed, see above"; }; }

installed() { [ "$(dpkg-query -W -f='${Status}' "$1" 2>/dev/null)" = 'install ok installed' ]; }
# Downloads first, with one retry, as outdated lists are what usually fails.
# Then a session of its own: a ^C must not leave packages half unpacked.
apt_install() {
    set -- -y -o APT::Install-Recommends=false -o DPkg::Lock::Timeout=300 install "$@"
    as_root apt-get -d "$@" || { as_root apt-get update && as_root apt-get -d "$@"; } || return
    as_root sh -c 'trap "" HUP INT; exec setsid -w apt-get "$@"' sh "$@"
}
