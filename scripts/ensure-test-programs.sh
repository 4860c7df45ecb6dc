#!/bin/sh
# Makes sure that the programs that the tests call are on this machine: the shells whose
# completions are tested and, on Linux, strace. Silent when they are, else installs them.
set -eu
. "${0%/*}/packages.sh"

programs='bash zsh fish'
[ "$(uname -s)" != Linux ] || programs="$programs strace"
missing() { for program in $programs; do command -v "$program" >/dev/null 2>&1 || printf '%s ' "$program"; done; }

wanted=$(missing)
[ -n "$wanted" ] || exit 0
find_manager "no ${wanted}found, which the tests call" "$wanted"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'say interrupted; exit 130' HUP INT TERM
say "installing ${wanted}with $manager"
# Each name is a word; the packages are called like the programs everywhere.
# shellcheck disable=SC2086
case $manager in
    apt-get) run apt_install $wanted ;;
    dnf) run as_root dnf -y --setopt=install_weak_deps=False install $wanted ;;
    brew) run env HOMEBREW_NO_INSTALL_CLEANUP=1 brew install $wanted ;;
esac
wanted=$(missing)
[ -z "$wanted" ] || die "$manager succeeded, but ${wanted}is still not found"
