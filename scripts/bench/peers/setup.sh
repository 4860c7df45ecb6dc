#!/bin/sh
# What the scripts that cruddur replaces did, one after the other, on empty stores.
#
# usage: setup.sh PYTHON ROOT    (with CONNECTION_URL and DDB_MESSAGE_TABLE)
set -eu
python=$1 root=$2
here=$root/scripts/bench/peers
# db/create: the name is cut out of the URL.
psql -Xq "${CONNECTION_URL%/*}/postgres" -c "CREATE DATABASE ${CONNECTION_URL##*/}"
# db/schema-load, db/seed
psql -Xq "$CONNECTION_URL" <"$root/db/schema.sql"
psql -Xq "$CONNECTION_URL" <"$root/db/seed.sql"
"$python" "$here/schema_load.py"
"$python" "$here/seed.py" "$root/conversations/default.txt"
"$python" "$here/update_ids.py"
