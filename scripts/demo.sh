#!/bin/sh
# The main job, start to finish, on the stack that `cruddur local exec` has made.
set -eu

cruddur=$1
here=$(cd "${0%/*}/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# What the commands print goes through a pipe, to be read again at the end.
[ ! -t 1 ] || [ -n "${NO_COLOR:-}" ] || export CLICOLOR_FORCE=1

run() {
    printf '\n$ cruddur %s\n' "$*"
    { "$cruddur" "$@" 2>&1 || echo $? >"$folder/failed"; } | tee -a "$folder/said"
    [ ! -e "$folder/failed" ] || exit "$(cat "$folder/failed")"
}

run db setup
run cognito list-users
# Rows that are new again have no ids; the pool still has the people.
run db schema-load
run db seed
run db update-cognito-user-ids
run ddb schema-load
run ddb seed
run ddb patterns list-conversations
run ddb patterns get-conversation
run cognito sign-in

# Units from the lines in which commands say what they consumed; prices from the table that they use.
awk -F'|' '
    FNR == NR { if ($2 == " us-east-1 ") { price_read = $3; price_write = $4 } next }
    /^(estimated|consumed) / {
        words = split($0, word, " ")
        for (i = 3; i <= words; i++) {
            if (word[i] == "read") read += word[i - 1]
            if (word[i] == "write") write += word[i - 1]
            if (word[i] ~ /^requests?,?$/) requests += word[i - 1]
        }
    }
    END {
        usd = (read * price_read + write * price_write) / 1000000
        printf "\nall of DynamoDB: %g read + %g write units, %d requests", read, write, requests
        printf "; $%.6f on demand in us-east-1\n", usd
    }
' "$here/docs/prices.md" "$folder/said"
