# Sourced after packages.sh: small Debian systems, each in a folder of $place. The folder goes at the end.
#
# BARE_DIR=/some/where  where to put it (several GB), instead of /var/tmp
# BARE_KEEP=1           leaves it there

# Root's programs are not on everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin
command -v unshare >/dev/null || die "no unshare found: this needs Linux"
command -v sudo >/dev/null || [ "$(id -u)" -eq 0 ] || die "this needs root, and sudo is missing"

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
chmod 755 "$place"

# Makes a system. $1: its release; $2: its name; $3: packages, with commas.
debian() {
    if ! command -v debootstrap >/dev/null; then
        find_manager "no debootstrap found" debootstrap apt-get
        say "no debootstrap found: installing it with apt-get"
        run apt_install debootstrap
    fi
    say "making a bare $1 in $place"
    run apart debootstrap --variant=minbase --include="$3" "$1" "$place/$2"
    # The way to the network is this machine's own, its proxy's certificate included.
    for file in resolv.conf hosts ssl/certs/ca-certificates.crt; do
        [ ! -e "/etc/$file" ] || as_root cp -L "/etc/$file" "$place/$2/etc/$file"
    done
}

copy_of() { as_root cp -a "$place/$1" "$place/$2"; }
remove() { [ -n "${BARE_KEEP:-}" ] || as_root rm -rf --one-file-system "${place:?}/$1"; }

# What follows is the namespace's first process, with which all others end. It stays root, since
# a change of user would lose --kill-child; the trap keeps its shell from becoming `chroot`.
# $1: the system; $2: a folder to see read-only as $3, or nothing; $4: the user; then the command.
enter='
    trap "exit 130" HUP INT TERM
    if [ -n "$2" ]; then
        mount --bind "$2" "$1$3"
        mount -o remount,ro,bind "$1$3"
    fi
    mount -t proc proc "$1/proc"
    mount -t devpts devpts "$1/dev/pts"
    mount -t tmpfs tmpfs "$1/dev/shm"
    root=$1 user=$4
    shift 4
    chroot --userspec="$user" "$root" "$@"
'

# Runs a command in a system. $1: its name; $2, $3: as above; $4: the user; $5: its home; $6: its PATH.
inside() {
    system=$place/$1 seen=$2 as=$3 user=$4 home=$5 path=$6
    shift 6
    set -- env -i HOME="$home" USER="$user" PATH="$path" "$@"
    for name in $(env | sed -n 's/^\([A-Za-z_]*_proxy\|[A-Z_]*_PROXY\|PIP_[A-Z_]*\|CARGO_\(HTTP\|NET\)_[A-Z_]*\|SSL_CERT_[A-Z]*\)=.*/\1/p'); do
        shift 2 # env -i
        eval "set -- env -i \"$name=\$$name\" \"\$@\""
    done
    apart sh -euc "$enter" sh "$system" "$seen" "$as" "$user" "$@"
}
