#!/usr/bin/env python3
"""Fills the local messages table with invented, sound groups, to measure with.

    cruddur local exec -- sh -c 'cruddur db setup && cruddur ddb schema-load &&
        scripts/fill-table.py 10000 98 && command time -v cruddur ddb check --skip-users'

GROUPS groups of MESSAGES messages each, and two rows for each group. With no messages,
every group is broken.
"""

import datetime
import http.client
import json
import os
import sys
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor

BATCH = 25
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=dummy/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0",
}
START = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)


def identifier(kind, number):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://example.com/{kind}/{number}"))


def items(groups, messages):
    for number in range(groups):
        group = identifier("group", number)
        pair = [identifier("user", number % 1000), identifier("user", 1000 + number // 1000)]
        at, text = START + datetime.timedelta(microseconds=number), "of a message that is gone"
        for index in range(messages):
            # Microseconds apart from every other group's.
            at = START + datetime.timedelta(minutes=index, microseconds=number)
            text = f"message {index} of group {number}, long enough to look like one"
            yield item(f"MSG#{group}", at, text, pair[index % 2], message_uuid=identifier(group, index))
        for owner, other in [pair, pair[::-1]]:
            yield item(f"GRP#{owner}", at, text, other, message_group_uuid=group)


def item(pk, at, message, user, **more):
    values = {
        "pk": pk,
        "sk": at.isoformat(timespec="microseconds"),
        "message": message,
        "user_uuid": user,
        "user_display_name": "Somebody Invented",
        "user_handle": user[:8],
        **more,
    }
    return {name: {"S": value} for name, value in values.items()}


def write(batch, place, table):
    connection = http.client.HTTPConnection(place)
    while batch:
        body = json.dumps({"RequestItems": {table: [{"PutRequest": {"Item": item}} for item in batch[:BATCH]]}})
        connection.request("POST", "/", body, HEADERS)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200 or json.loads(text).get("UnprocessedItems"):
            sys.exit(f"{answer.status}: {text.decode()}")
        batch = batch[BATCH:]


def main():
    groups, messages = int(sys.argv[1]), int(sys.argv[2])
    place = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    table = os.environ.get("DDB_MESSAGE_TABLE", "cruddur-messages")
    lot = []
    with ThreadPoolExecutor(4) as pool:
        running = []
        for one in items(groups, messages):
            lot.append(one)
            if len(lot) == 40 * BATCH:
                running.append(pool.submit(write, lot, place, table))
                lot = []
                if len(running) > 8:
                    running.pop(0).result()
        running.append(pool.submit(write, lot, place, table))
        for future in running:
            future.result()


if __name__ == "__main__":
    main()
