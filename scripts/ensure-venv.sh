#!/bin/sh
# Makes sure that Python packages are in a virtual environment of this checkout: silent when
# they are. Python itself is installed when there is none that can make virtual environments.
#
# usage: scripts/ensure-venv.sh FOLDER REQUIREMENTS MODULE    a folder in target, and a module
#                                                             that is there if the packages are
set -eu
. "${0%/*}/packages.sh"

root=$(cd "${0%/*}/.." && pwd)
requirements=$root/$2
venv=$root/target/$1

# Debian's python3 comes without ensurepip, and makes environments without pip.
makes_venvs() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }
find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        if makes_venvs "$python"; then return 0; fi
    done
    return 1
}

# Finished last time, by the same list, and its Python has not been removed since.
if cmp -s "$requirements" "$venv/installed.txt" && "$venv/bin/python" -c "import $3" 2>/dev/null; then exit 0; fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'say interrupted; exit 130' HUP INT TERM
if ! find_python; then
    find_manager "no Python 3.10 or newer that makes virtual environments found" "python3 with venv"
    say "no Python 3.10 or newer that makes virtual environments found: installing it with $manager"
    case $manager in
        apt-get) run apt_install python3 python3-venv ;;
        dnf) run as_root dnf -y --setopt=install_weak_deps=False install python3 ;;
        brew) run env HOMEBREW_NO_INSTALL_CLEANUP=1 brew install python ;;
    esac
    find_python || die "$manager succeeded, but no Python 3.10 or newer makes virtual environments"
fi
say "installing $3 into target/$1"
rm -rf "$venv"
mkdir -p "${venv%/*}"
run "$python" -m venv "$venv"
run "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --requirement "$requirements"
cp "$requirements" "$venv/installed.txt"
