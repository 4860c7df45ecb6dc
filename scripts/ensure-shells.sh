#!/bin/sh
# Makes sure that the shells whose completions are tested are on this machine: silent
# when they are, else installs those that are missing.
set -eu
. "${0%/*}/packages.sh"

missing() { for shell in bash zsh fish; do command -v "$shell" >/dev/null 2>&1 || printf '%s ' "$shell"; done; }

wanted=$(missing)
[ -n "$wanted" ] || exit 0
find_manager "no ${wanted}found, whose completions are tested" "$wanted"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'say interrupted; exit 130' HUP INT TERM
say "installing ${wanted}with $manager"
# Each name is a word; the packages are called like the shells everywhere.
# shellcheck disable=SC2086
case $manager in
    apt-get) run apt_install $wanted ;;
    dnf) run as_root dnf -y --setopt=install_weak_deps=False install $wanted ;;
    brew) run env HOMEBREW_NO_INSTALL_CLEANUP=1 brew install $wanted ;;
esac
wanted=$(missing)
[ -z "$wanted" ] || die "$manager succeeded, but ${wanted}is still not found"
