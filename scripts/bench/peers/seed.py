"""Writes a transcript's conversation: both group rows, then a PutItem for each line.

usage: seed.py TRANSCRIPT
"""

import datetime
import os
import sys
import uuid

import boto3
import psycopg

GROUP = "5ae290ed-55d1-47a0-bc6d-fe2bc2700399"
client = boto3.client("dynamodb")


def put(user, pk, sk, message, **more):
    item = {
        "pk": pk,
        "sk": sk,
        "message": message,
        "user_uuid": str(user[0]),
        "user_display_name": user[1],
        "user_handle": user[2],
        **more,
    }
    client.put_item(
        TableName=os.environ["DDB_MESSAGE_TABLE"], Item={name: {"S": value} for name, value in item.items()}
    )


with psycopg.connect(os.environ["CONNECTION_URL"]) as database:
    statement = "SELECT uuid, display_name, handle FROM users WHERE handle IN ('nina', 'oscar') ORDER BY handle"
    people = database.execute(statement).fetchall()
with open(sys.argv[1], encoding="utf-8") as transcript:
    lines = [line.strip().split(": ", 1) for line in transcript if line.startswith("Person ")]
now = datetime.datetime.now(datetime.timezone.utc)
for owner, other in (people, people[::-1]):
    at = (now + datetime.timedelta(minutes=len(lines) - 1)).isoformat()
    put(other, f"GRP#{owner[0]}", at, lines[-1][1], message_group_uuid=GROUP)
for number, (person, message) in enumerate(lines):
    at = (now + datetime.timedelta(minutes=number)).isoformat()
    sender = people[int(person.removeprefix("Person ")) - 1]
    put(sender, f"MSG#{GROUP}", at, message, message_uuid=str(uuid.uuid4()))
