#!/bin/sh
# `make demo` and `make test` in a fresh clone of HEAD, in a Debian that has nothing but make, a C
# compiler, git and Rust: so that nothing they need is there only by chance.
#
# usage: scripts/bare.sh [root|user]...   by default both, each in a system of its own:
#                                         root; a user who may use sudo
# BARE_RELEASE=trixie  another Debian than bookworm
# and what debian.sh names
set -eu
. "${0%/*}/packages.sh"
repository=$(cd "${0%/*}/.." && pwd)
release=${BARE_RELEASE:-bookworm}
[ $# -gt 0 ] || set -- user root
for who in "$@"; do
    case $who in root | user) ;; *) die "\"$who\" is neither root nor user" ;; esac
done

. "${0%/*}/debian.sh"
toolchain=$(rustc --print sysroot) || die "no Rust found, which the bare system borrows"
[ -x "$toolchain/bin/cargo-clippy" ] && [ -x "$toolchain/bin/rustfmt" ] ||
    die "no clippy or rustfmt in $toolchain: rustup component add clippy rustfmt"
cache=${CARGO_HOME:-$HOME/.cargo}/registry

git -C "$repository" bundle create --quiet "$place/clone.bundle" HEAD
debian "$release" base make,gcc,libc6-dev,git,ca-certificates,sudo
as_root cp "$place/clone.bundle" "$place/base/srv/"
# The crates that have been downloaded; what is missing is downloaded there.
as_root mkdir -p "$place/base/opt/rust" "$place/base/srv/registry"
for part in index cache; do
    [ ! -e "$cache/$part" ] || as_root cp -R "$cache/$part" "$place/base/srv/registry/"
done

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
    copy_of base "$who"
    home=/root path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    if [ "$who" = user ]; then
        home=/home/user path=/usr/local/bin:/usr/bin:/bin
        as_root chroot "$place/$who" useradd --create-home user
        echo 'user ALL=(ALL) NOPASSWD: ALL' | as_root tee "$place/$who/etc/sudoers.d/user" >/dev/null
    fi
    say "make demo and make test as $who"
    inside "$who" "$toolchain" /opt/rust "$who" "$home" "/opt/rust/bin:$path" sh -c "$commands" ||
        die "failed in a bare $release, as $who"
    remove "$who"
done
say "passed in a bare $release"
