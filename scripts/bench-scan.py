#!/usr/bin/env python3
"""Measures reading the whole table as JSON lines, side by side, on the stack it runs in.

    cruddur local exec -- sh -c 'cruddur db setup && cruddur ddb schema-load &&
        scripts/fill-table.py 1000 98 && scripts/bench-scan.py --python VENV/bin/python --aws VENV/bin/aws'

VENV has boto3 and awscli. Each reader writes to /dev/null; the table is read once before, so
that none is the first. `bare` sends prepared requests and throws the answers away: what the
server alone takes.
"""

import argparse
import http.client
import json
import os
import subprocess
import time
import urllib.parse

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.Scan",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=dummy/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0",
}
BOTO3 = """
import boto3, json, os, sys
from boto3.dynamodb.types import TypeDeserializer
client = boto3.client("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1",
                      aws_access_key_id="dummy", aws_secret_access_key="dummy")
size = int(sys.argv[2])
config = {"PageSize": size} if size else {}
plain = TypeDeserializer().deserialize if sys.argv[3] == "plain" else None
for page in client.get_paginator("scan").paginate(TableName=sys.argv[1], PaginationConfig=config):
    for item in page["Items"]:
        if plain:
            item = {name: plain(value) for name, value in item.items()}
        print(json.dumps(item, default=str))
"""


def bare(table, limit):
    place = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    connection = http.client.HTTPConnection(place)
    body, items = {"TableName": table, "Limit": limit, "ReturnConsumedCapacity": "INDEXES"}, 0
    while True:
        connection.request("POST", "/", json.dumps(body), HEADERS)
        text = connection.getresponse().read()
        # What follows the items is all that is read of a page.
        tail = json.loads(b"{" + text[text.rindex(b'"Count"') :])
        items += tail["Count"]
        if "LastEvaluatedKey" not in tail:
            return items
        body["ExclusiveStartKey"] = tail["LastEvaluatedKey"]


def measured(name, command, items):
    before = time.monotonic()
    with open(os.devnull, "w") as nowhere:
        child = subprocess.Popen(command, stdout=nowhere, stderr=subprocess.PIPE)
        said = child.stderr.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
    took = time.monotonic() - before
    if status:
        raise SystemExit(f"{name}: {said}")
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{name:44} {took:8.2f} s {items / took:10,.0f} items/s {cpu:8.2f} s CPU {usage.ru_maxrss / 1024:7.1f} MiB",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default=os.environ.get("DDB_MESSAGE_TABLE", "cruddur-messages"))
    parser.add_argument("--cruddur", default="cruddur")
    parser.add_argument("--python", help="a Python that has boto3")
    parser.add_argument("--aws", help="the aws command")
    parser.add_argument("--page", type=int, default=4000, help="items of a page, where readers are told")
    parser.add_argument("--no-default", action="store_true", help="leave out readers with pages of 1 MB by default")
    args = parser.parse_args()
    # Read in pieces: a child's peak memory begins with its parent's.
    count = subprocess.Popen([args.cruddur, "ddb", "scan", "-o", "ndjson", "-q"], stdout=subprocess.PIPE)
    items = size = 0
    while piece := count.stdout.read(1 << 16):
        items += piece.count(b"\n")
        size += len(piece)
    if count.wait():
        raise SystemExit("the table cannot be read")
    print(f"{items:,} items, {size / 2**20:.0f} MiB as JSON lines")
    before = time.monotonic()
    bare(args.table, args.page)
    took = time.monotonic() - before
    print(f"{'bare: requests alone, answers thrown away':44} {took:8.2f} s {items / took:10,.0f} items/s")
    scan = [args.cruddur, "ddb", "scan", "-o", "ndjson"]
    measured("cruddur ddb scan -o ndjson", scan, items)
    measured("cruddur ddb scan -o ndjson --typed", [*scan, "--typed"], items)
    measured("cruddur ddb scan -o ndjson --segments 4", [*scan, "--segments", "4"], items)
    pages = [args.page] if args.no_default else [args.page, 0]
    for page in pages:
        told = f", pages of {page}" if page else ""
        if args.python:
            for form in ["typed", "plain"]:
                measured(f"boto3 paginator, {form} JSON{told}", [args.python, "-c", BOTO3, args.table, str(page), form], items)
        if args.aws:
            more = ["--page-size", str(page)] if page else []
            command = [args.aws, "dynamodb", "scan", "--table-name", args.table, "--output", "json", *more]
            environment = {"AWS_ACCESS_KEY_ID": "dummy", "AWS_SECRET_ACCESS_KEY": "dummy", "AWS_REGION": "us-east-1"}
            os.environ.update(environment)
            endpoint = ["--endpoint-url", os.environ["AWS_ENDPOINT_URL"], "--region", "us-east-1"]
            measured(f"aws dynamodb scan{told}", command + endpoint, items)


if __name__ == "__main__":
    main()
