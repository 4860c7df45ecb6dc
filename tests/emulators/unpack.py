"""Unpacks a file as others do, through all its members or frames.

Prints how many lines it has, and the SHA-256 of all but the last one.
"""

import gzip
import hashlib
import sys

import zstandard

path = sys.argv[1]
if path.endswith(".gz"):
    text = gzip.open(path).read()
elif path.endswith(".zst"):
    with open(path, "rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
else:
    with open(path, "rb") as file:
        text = file.read()
lines = text.splitlines(keepends=True)
print(len(lines), hashlib.sha256(b"".join(lines[:-1])).hexdigest())
