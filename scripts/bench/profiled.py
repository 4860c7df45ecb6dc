"""Says where cruddur's CPU time goes, and writes docs/profile.md. `make profile` runs it.

usage: python scripts/bench/profiled.py CRUDDUR, on the stack that `cruddur local exec` has made

CRUDDUR has its symbols. What the compiler has put into another function counts as that function's.
"""

import re
import shutil
import sys
from collections import Counter

import machine
from document import table
from measure import Failed
from world import ROOT, World, seed

ITEMS = 100_000
RUNS = 200
KERNEL = "kernel: sockets, files, memory, starting and ending the process"
LOADER = "loader: libraries, relocations"
LIBC = "libc: allocation, copying"
# The first that matches a function's crate, or a C function's name, has it.
PARTS = [
    ("cruddur itself", r"cruddur::"),
    ("command line", r"clap|anstyle|anstream|strsim"),
    ("JSON", r"serde|aws_smithy_json|itoa|ryu|zmij|memchr"),
    ("signatures and checksums", r"aws_sigv4|sha2|hmac|digest|ring|crc32fast|crypto_common|block_buffer|cpufeatures"),
    ("requests and answers by the SDK", r"aws_"),
    ("PostgreSQL", r"postgres|tokio_postgres"),
    ("HTTP, connections, waiting", r"hyper|http|tokio|mio|httparse|bytes|futures|tower|h2|want|socket2"),
    ("compression", r"zstd|ZSTD|HUF|FSE|HIST|XXH"),
    ("Rust's standard library", r"core|alloc|std|hashbrown|rustc_demangle|__rust|__rdl"),
]


def part(dso, symbol):
    if "kernel" in dso or dso.startswith("["):
        return KERNEL
    if dso.startswith("ld-"):
        return LOADER
    if dso.startswith(("libc.", "libm.", "libgcc")):
        return LIBC
    name = re.sub(r"^[<&*\s(\[]*(?:mut |dyn |const |impl )?", "", symbol)
    return next((words for words, pattern in PARTS if re.match(pattern, name)), "other crates")


def profiled(world, words, runs):
    """Seconds of CPU by part, and of each function, of all runs."""
    data = world.folder / "perf.data"
    loop = ["sh", "-c", f'i=0; while [ $i -lt {runs} ]; do "$@" > /dev/null || exit; i=$((i + 1)); done', "sh"]
    # Its samples are nanoseconds of CPU, on machines without counters too.
    world.run("perf", "record", "-q", "-e", "task-clock", "-F", "5000", "-o", data, "--", *loop, *words)
    fields = ["--fields", "period,comm,dso,sym", "--field-separator", "\t"]
    report = world.run("perf", "report", "--stdio", "-q", "-i", data, "--percent-limit", "0", *fields)
    parts, functions = Counter(), Counter()
    for line in report.splitlines():
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 4 or cells[1] in ("sh", "perf"):
            continue
        seconds, dso, symbol = int(cells[0]) / 1e9, cells[2], re.sub(r"^\[.\] ", "", cells[3])
        parts[part(dso, symbol)] += seconds
        functions[f"{symbol} ({dso})"] += seconds
    data.unlink()
    if not parts[KERNEL]:
        raise Failed("perf saw nothing of the kernel: be root, or set kernel.perf_event_paranoid to 1 at most")
    return parts, functions


def works(world):
    """Each work: its title, its words, and how often it runs."""
    cruddur, filled = world.cruddur, world.filled(ITEMS)
    file = world.folder / "export.zst"
    world.create("profile")
    yield "`cruddur --version`", [cruddur, "--version"], RUNS
    yield "`ddb list-tables`", [cruddur, "-q", "ddb", "list-tables"], RUNS
    yield "`ddb seed`", [cruddur, "-q", *seed("profile", ITEMS)], 1
    scan = ["ddb", "scan", "--table", filled, "--typed", "-o", "ndjson"]
    yield "`ddb scan --typed -o ndjson`", [cruddur, *scan], 1
    yield "`ddb export FILE.zst`", [cruddur, "-q", "ddb", "export", file, "--table", filled], 1
    world.empty("profile")
    yield "`ddb import FILE.zst`", [cruddur, "-q", "ddb", "import", file, "--table", "profile"], 1
    yield "`ddb check`", [cruddur, "-q", "ddb", "check", "--table", filled], 1


def told(title, runs, parts):
    each, count, factor, unit = ("run", runs, 1e3, "ms") if runs > 1 else ("item", ITEMS, 1e6, "µs")

    def per(seconds):
        return f"{seconds / count * factor:.2f} {unit}"

    total = parts.total()
    rows = [
        [words, per(seconds), f"{seconds / total:.0%}"]
        for words, seconds in parts.most_common()
        if seconds >= total / 100
    ]
    rows.append(["**all**", f"**{per(total)}**", ""])
    return [f"## {title}", table(["part", f"CPU for each {each}", "share"], rows)]


def main():
    world = World(sys.argv[1], 1, None)
    pages = [
        "# Profile",
        "`make profile` wrote this page: where cruddur's own CPU time goes, by `perf`, on the stack of"
        f"\n`cruddur local`. The single calls ran {RUNS} times, and `perf` makes those slower; the others ran"
        f"\nonce with {ITEMS:,} items. What the compiler has put into another function counts as that"
        "\nfunction's. Parts of less than 1 % are left out.",
    ]
    try:
        world.run(world.cruddur, "-q", "setup")
        for title, words, runs in works(world):
            parts, functions = profiled(world, words, runs)
            pages += told(title, runs, parts)
            print(f"{title}: {parts.total():.2f} s of CPU")
            for name, seconds in functions.most_common(12):
                print(f"  {seconds / parts.total():6.1%}  {name[:110]}")
    finally:
        world.close()
    pages += ["## Measured on", table(["", ""], list(machine.described().items()))]
    (ROOT / "docs/profile.md").write_text("\n\n".join(pages) + "\n", encoding="utf-8")


if not shutil.which("perf"):
    sys.exit("make profile needs Linux's perf (linux-perf, on Debian)")
try:
    main()
except Failed as failed:
    sys.exit(str(failed))
