#!/bin/sh
# `make demo` and `make test` in a fresh clone of HEAD, in a Debian that has nothing but make, a C
# compiler, git and Rust: so that nothing they need is there only by chance.
#
# usage: scripts/bare.sh [root|user]...   by default both, each in a system of its own:
#                                         root; a user who may use sudo
# BARE_RELEASE=trixie  another Debian than bookworm
# BARE_DIR=/some/where where the systems are put (several GB each), instead of /var/tmp
# BARE_KEEP=1          leaves them there
set -eu
. "${0%/*}/packages.sh"
repository=$(cd "${0%/*}/.." && pwd)
release=${BARE_RELEASE:-bookworm}
[ $# -gt 0 ] || set -- user root
for who in "$@"; do
    case $who in root | user) ;; *) die "\"$who\" is neither root nor user" ;; esac
done

# Root's programs are not on everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin
command -v unshare >/dev/null || die "no unshare found: this needs Linux"
command -v sudo >/dev/null || [ "$(id -u)" -eq 0 ] || die "this needs root, and sudo is missing"
toolchain=$(rustc --print sysroot) || die "no Rust found, which the bare system borrows"
[ -x "$toolchain/bin/cargo-clippy" ] && [ -x "$toolchain/bin/rustfmt" ] ||
    die "no clippy or rustfmt in $toolchain: rustup component add clippy rustfmt"
cache=${CARGO_HOME:-$HOME/.cargo}/registry

# Every mount is made in a namespace that ends with its last process: none is left behind,
# whatever happens here, and none is seen by the `rm` below. --one-file-system makes sure.
place=$(mktemp -d "${BARE_DIR:-/var/tmp}/cruddur-bare-XXXXXX")
log=$place/log
cleanup() {
    trap '' HUP INT TERM
    if [ -n "${BARE_KEEP:-}" ]; then say "kept in $place"; else as_root rm -rf --one-file-system "$place"; fi
}
trap cleanup EXIT
trap 'say interrupted; exit 130' HUP INT TERM
apart() { as_root unshare --mount --pid --fork --kill-child "$@"; }

if ! command -v debootstrap >/dev/null; then
    find_manager "no debootstrap found" debootstrap apt-get
    say "no debootstrap found: installing it with apt-get"
    run apt_install debootstrap
fi

chmod 755 "$place"
git -C "$repository" bundle create --quiet "$place/clone.bundle" HEAD
say "making a bare $release in $place"
run apart debootstrap --variant=minbase --include=make,gcc,libc6-dev,git,ca-certificates,sudo \
    "$release" "$place/base"
# The way to the network is this machine's own, its proxy's certificate included.
for file in resolv.conf hosts ssl/certs/ca-certificates.crt; do
    [ ! -e "/etc/$file" ] || as_root cp -L "/etc/$file" "$place/base/etc/$file"
done
as_root cp "$place/clone.bundle" "$place/base/srv/"
# The crates that have been downloaded; what is missing is downloaded there.
as_root mkdir -p "$place/base/opt/rust" "$place/base/srv/registry"
for part in index cache; do
    [ ! -e "$cache/$part" ] || as_root cp -R "$cache/$part" "$place/base/srv/registry/"
done

# What follows is the namespace's first process, with which all others end. It stays root, since
# a change of user would lose --kill-child; the trap keeps its shell from becoming `chroot`.
# $1: the system, $2: the toolchain, $3: the user; then the command.
enter='
    trap "exit 130" HUP INT TERM
    mount --bind "$2" "$1/opt/rust"
    mount -o remount,ro,bind "$1/opt/rust"
    mount -t proc proc "$1/proc"
    mount -t devpts devpts "$1/dev/pts"
    mount -t tmpfs tmpfs "$1/dev/shm"
    root=$1 user=$3
    shift 3
    chroot --userspec="$user" "$root" "$@"
'
commands='
    set -ex
    mkdir ~/.cargo
    cp -R /srv/registry ~/.cargo/
    git -c advice.detachedHead=false clone --quiet /srv/clone.bundle ~/cruddur
    cd ~/cruddur
    make demo
    make test
'
for who in "$@"; do
    system=$place/$who
    as_root cp -a "$place/base" "$system"
    home=/root path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    if [ "$who" = user ]; then
        home=/home/user path=/usr/local/bin:/usr/bin:/bin
        as_root chroot "$system" useradd --create-home user
        echo 'user ALL=(ALL) NOPASSWD: ALL' | as_root tee "$system/etc/sudoers.d/user" >/dev/null
    fi
    set -- env -i HOME="$home" USER="$who" PATH="/opt/rust/bin:$path"
    for name in $(env | sed -n 's/^\([A-Za-z_]*_proxy\|[A-Z_]*_PROXY\|PIP_[A-Z_]*\|CARGO_\(HTTP\|NET\)_[A-Z_]*\|SSL_CERT_[A-Z]*\)=.*/\1/p'); do
        eval "set -- \"\$@\" \"$name=\$$name\""
    done
    say "make demo and make test as $who"
    apart sh -euc "$enter" sh "$system" "$toolchain" "$who" "$@" sh -c "$commands" ||
        die "failed in a bare $release, as $who"
    [ -n "${BARE_KEEP:-}" ] || as_root rm -rf --one-file-system "$system"
done
say "passed in a bare $release"
