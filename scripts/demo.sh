#!/bin/sh
# The main job, start to finish, on the stack that `cruddur local exec` has made.
set -eu

cruddur=$1

run() {
    printf '\n$ cruddur %s\n' "$*" >&2
    "$cruddur" "$@"
}

run setup
run cognito list-users
run ddb patterns list-conversations
run ddb patterns get-conversation
