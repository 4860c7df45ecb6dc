"""Single calls."""

import json
import shutil
import subprocess

from measure import Goal, Row, Side
from proofs import digest

GROUP = "5ae290ed-55d1-47a0-bc6d-fe2bc2700399"
# So many starts are a round of a program that takes some milliseconds.
STARTS = 50


def version(world):
    yield Row(
        "`cruddur --version`",
        [world.ours("--version", starts=4 * STARTS), Side("/bin/true", [shutil.which("true")], starts=4 * STARTS)],
        [Goal("within 3 ms of /bin/true", "/bin/true", within=0.003)],
    )


def list_tables(world):

    def prove(side, output):
        said = json.loads(output.read_text())
        names = [table["name"] for table in said["tables"]] if side.name == "cruddur" else said["TableNames"]
        return f"tables {', '.join(names)}"

    yield Row(
        "`ddb list-tables`",
        [
            world.ours("ddb", "list-tables", "-o", "json", starts=STARTS),
            Side("curl", world.same_request("ListTables", {}), starts=STARTS),
            Side("aws-cli", [world.aws, "dynamodb", "list-tables"]),
            Side("boto3", world.peer("list_tables.py")),
        ],
        against_all(),
        prove=prove,
    )


def get_conversation(world):
    query = {
        "TableName": "cruddur-messages",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": f"MSG#{GROUP}"}},
        "ScanIndexForward": False,
        "Limit": 20,
        "ReturnConsumedCapacity": "INDEXES",
    }
    asked = ["--table-name", query["TableName"], "--key-condition-expression", "pk = :pk", "--no-scan-index-forward"]
    asked += ["--expression-attribute-values", json.dumps(query["ExpressionAttributeValues"])]
    # Without --no-paginate, aws-cli would go on after the 20.
    asked += ["--limit", "20", "--no-paginate", "--return-consumed-capacity", "INDEXES"]

    def prove(side, output):
        said = json.loads(output.read_text())
        if side.name == "cruddur":
            return digest(message["message"] for message in said["messages"])
        return digest(item["message"]["S"] for item in said["Items"])

    yield Row(
        "`ddb patterns get-conversation`, 20 messages",
        [
            world.ours("ddb", "patterns", "get-conversation", "-o", "json", starts=STARTS),
            Side("curl", world.same_request("Query", query), starts=STARTS),
            Side("aws-cli", [world.aws, "dynamodb", "query", *asked]),
            Side("boto3", world.peer("get_conversation.py", json.dumps(query))),
        ],
        against_all(),
        prove=prove,
    )


def against_all():
    return [
        Goal("not slower than curl", "curl", times=1),
        Goal("50 times as fast as aws-cli", "aws-cli", times=50),
        Goal("30 times as fast as a boto3 script", "boto3", times=30),
    ]


def db_sessions(world):
    """Ten others are connected, and both print them."""
    columns = "pid, usename, datname, client_addr, application_name, state"
    statement = f"SELECT {columns} FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    hold = ["psql", "-Xqc", "SELECT 1", "-c", "\\! read line", world.url]
    others = [subprocess.Popen(hold, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(10)]
    try:
        while int(world.sql(f"SELECT count(*) FROM ({statement}) AS others")) < len(others):
            pass

        def prove(side, output):
            if side.name == "cruddur":
                pids = sorted(session["pid"] for session in json.loads(output.read_text())["sessions"])
            else:
                pids = sorted(int(line.split("|")[0]) for line in output.read_text().splitlines())
            return f"{len(pids)} sessions, {pids}"

        yield Row(
            "`db sessions`, one query, 10 sessions",
            [
                world.ours("db", "sessions", "-o", "json", starts=STARTS),
                Side("psql", [shutil.which("psql"), "-XAt", world.url, "-c", statement], starts=STARTS),
            ],
            [Goal("not slower than psql", "psql", times=1)],
            prove=prove,
        )
    finally:
        for other in others:
            other.stdin.close()
            other.wait()


ROWS = {
    "version": version,
    "list-tables": list_tables,
    "get-conversation": get_conversation,
    "db-sessions": db_sessions,
}
