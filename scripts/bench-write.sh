#!/bin/sh
# Items written a second: boto3's batch_writer, a bare load generator and cruddur, side by side, into
# the same table of the embedded DynamoDB in memory, emptied before each.
#
# usage: scripts/bench-write.sh [CONVERSATIONS [MESSAGES [ROUNDS]]]
# needs: cargo build --release --example bare-load && cargo build --release
#        scripts/ensure-moto.sh, for boto3
set -eu
cd "$(dirname "$0")/.."
conversations=${1:-200} messages=${2:-498} rounds=${3:-3}
cruddur=${CRUDDUR:-$PWD/target/release/cruddur}
python=${PYTHON:-$PWD/target/moto/bin/python}
export cruddur python conversations messages rounds
exec "$cruddur" local exec -- sh -eu -c '
  work=$(mktemp -d)
  trap "rm -rf $work" EXIT
  "$cruddur" --quiet db setup >"$work/setup" 2>&1
  "$cruddur" --quiet ddb schema-load --billing on-demand
  seed() { "$cruddur" ddb seed --conversations "$conversations" --messages "$messages" --users 2000; }
  empty() { "$cruddur" --quiet ddb truncate --recreate; }
  seed >"$work/first" 2>&1
  "$cruddur" --quiet ddb scan --typed -o ndjson >"$work/items.ndjson"
  echo "$(wc -l <"$work/items.ndjson") items; items a second:"
  for round in $(seq "$rounds"); do
    empty; echo "boto3 batch_writer   $("$python" scripts/bench-write.py cruddur-messages "$work/items.ndjson")"
    for writers in 4 32; do
      empty; echo "bare load, $writers at once  $(target/release/examples/bare-load "$AWS_ENDPOINT_URL" cruddur-messages "$conversations" "$messages" $writers)"
    done
    empty; echo "cruddur ddb seed     $(seed 2>&1 | sed -n "s/.*: \([0-9]*\) items a second/\1/p")"
  done
'
