#!/bin/sh
# Tries the packages in dist/ in bare Debians: scripts/dist/try.sh says what each must do.
#
# usage: scripts/test-dist.sh [KIND@RELEASE]...   such as deb@bookworm; by default all that are below
# and what debian.sh names
set -eu
here=$(cd "${0%/*}" && pwd)
. "$here/packages.sh"
cd "$here/.."
[ $# -gt 0 ] || set -- tarball@bullseye deb@bullseye deb@bookworm wheel@bookworm deb@trixie wheel@trixie npm@trixie
# shellcheck disable=SC2046 # words, each a kind and a release
set -- $(printf '%s\n' "$@" | sort -t @ -k 2)
[ -e dist/SHA256SUMS ] || die "there are no packages in dist: make dist"
(cd dist && sha256sum --quiet --check SHA256SUMS) || die "dist is not as it was made: make dist"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)

. "$here/debian.sh"
tar -xzf dist/cruddur-[0-9]*.tar.gz -C "$place" --strip-components=2 --wildcards '*/bin/cruddur'
# The same program under an earlier version, to upgrade from.
DIST_VERSION=0.0.1 DIST_BINARY=$place/cruddur DIST_OUT=$place/packages/older \
    target/dist/venv/bin/python scripts/dist >/dev/null
cp dist/* "$place/packages/"
cp scripts/dist/try.sh "$place/packages/"
made=''
for each in "$@"; do
    kind=${each%@*} release=${each#*@}
    if [ "$release" != "$made" ]; then
        [ -z "$made" ] || remove "$made"
        debian "$release" "$release" ca-certificates
        as_root mkdir "$place/$release/srv/packages"
        made=$release
    fi
    copy_of "$release" "$each"
    inside "$each" "$place/packages" /srv/packages root /root /usr/sbin:/usr/bin:/sbin:/bin \
        sh /srv/packages/try.sh "$kind" "$version" || die "failed: $each"
    remove "$each"
done
say passed
