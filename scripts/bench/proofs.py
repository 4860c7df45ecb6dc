"""What was done, in a form in which the work of several can be compared."""

import hashlib
import io
import json
import mmap

# Beyond this many items only their number is compared: reading them would take longer than the row.
COMPARED = 100_000


def digest(items):
    """The number of items, and a sum of their hashes, in which their order does not matter."""
    count = total = 0
    for item in items:
        text = json.dumps(item, sort_keys=True, ensure_ascii=False)
        total += int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        count += 1
    return f"{count:,} items, sum of hashes {total % 2**64:016x}"


def of_lines(output):
    with open(output, encoding="utf-8") as lines:
        return digest(map(json.loads, lines))


def of_document(output):
    return digest(json.loads(output.read_text(encoding="utf-8"))["Items"])


def of_export(file):
    import zstandard

    with open(file, "rb") as packed:
        lines = io.TextIOWrapper(
            zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True), encoding="utf-8"
        )
        return digest(line["Item"] for line in map(json.loads, lines) if "Item" in line)


def keys_in(output):
    """How many items an output has, of whatever layout: each has one sort key."""
    count, at, key = 0, 0, b'"sk"'
    with open(output, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        while (at := text.find(key, at)) >= 0:
            count, at = count + 1, at + len(key)
    return count
