#!/usr/bin/env python3
"""Draws docs/pictures/*.svg: real commands in a real terminal, on a stack of their own.

Usage: make pictures   (or: scripts/pictures.py CRUDDUR OUT_FOLDER, with `rich` installed)

Each scene is a list of shell commands. Those that begin with a space prepare something and are not
shown. Text, colours and line breaks are what the command wrote to a terminal of the scene's width.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

GROUP = "5ae290ed-55d1-47a0-bc6d-fe2bc2700399"
SET_UP = " cruddur setup"

# name, title, columns, commands
SCENES = [
    ("conversation", "A conversation, and what it cost", 92, [
        SET_UP,
        "cruddur ddb patterns list-conversations",
        "cruddur ddb patterns get-conversation --limit 5",
    ]),
    ("set-up", "From nothing to both databases, and again", 92, [
        "cruddur setup",
        "cruddur setup",
    ]),
    ("safety", "Production asks before it destroys", 92, [
        SET_UP,
        "cruddur ddb truncate --prod --endpoint-url $AWS_ENDPOINT_URL --region eu-central-1",
        "cruddur ddb truncate --dry-run",
    ]),
    ("explain", "What a pattern costs, and what it would cost otherwise", 110, [
        SET_UP,
        "cruddur ddb explain get-conversation --limit 5",
    ]),
    ("doctor", "What works here, and what mends the rest", 110, [
        SET_UP,
        "cruddur doctor",
    ]),
    ("errors", "Errors say where, why, and what helps", 92, [
        SET_UP,
        "cruddur ddb seed --other-handle olga",
        "printf \"INSERT INTO users (handl)\\n  VALUES ('olga');\\n\" | tee more.sql",
        "cruddur db seed more.sql",
    ]),
]

# No font is fetched: whatever monospaced one the reader has.
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px; line-height: {line_height}px; white-space: pre; }}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""

# Background, foreground, the eight colours and their bright ones.
THEME = TerminalTheme(
    (24, 26, 31), (214, 216, 220),
    [(56, 60, 68), (240, 113, 120), (152, 195, 121), (229, 192, 123),
     (97, 175, 239), (198, 120, 221), (86, 182, 194), (214, 216, 220)],
    [(92, 99, 112), (255, 140, 146), (180, 220, 150), (250, 215, 150),
     (130, 195, 250), (215, 150, 235), (120, 205, 215), (255, 255, 255)],
)


def run(command: str, columns: int, environment: dict[str, str], folder: str) -> str:
    """What `command` writes to a terminal of so many columns."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    process = subprocess.Popen(
        ["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=side, stderr=side, env=environment, cwd=folder
    )
    os.close(side)
    written = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not chunk:
            break
        written += chunk
    process.wait()
    os.close(main)
    return written.decode().replace("\r\n", "\n")


def draw(name: str, title: str, columns: int, shown: list[tuple[str, str]], folder: Path) -> None:
    """Writes one picture."""
    console = Console(record=True, width=columns, file=open(os.devnull, "w"), force_terminal=True, highlight=False)
    for command, output in shown:
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")), soft_wrap=False)
        # A progress bar draws over itself; what stands at the end is what people see.
        lines = [line.rsplit("\r", 1)[-1] for line in output.rstrip("\n").split("\n")]
        console.print(Text.from_ansi(re.sub(r"\x1b\[[0-9;?]*[A-HJKSTfhlsu]", "", "\n".join(lines))))
    console.save_svg(
        str(folder / f"{name}.svg"), title=title, theme=THEME, code_format=SVG, unique_id=f"picture-{name}"
    )


def main() -> None:
    cruddur, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    if "AWS_ENDPOINT_URL_DYNAMODB" not in os.environ:
        # A fresh stack for each scene, gone afterwards.
        out.mkdir(parents=True, exist_ok=True)
        for scene in SCENES:
            command = [str(cruddur), "--no-env-file", "local", "exec", "--", sys.executable, *sys.argv, scene[0]]
            subprocess.run(command, check=True)
        return
    name, title, columns, commands = next(scene for scene in SCENES if scene[0] == sys.argv[3])
    folder = os.environ["CRUDDUR_STATE_DIR"]
    os.makedirs(folder, exist_ok=True)
    environment = {
        **os.environ, "PATH": f"{cruddur.parent}:{os.environ['PATH']}", "TERM": "xterm-256color", "TZ": "UTC",
    }
    for schema in ("schema.sql", "seed.sql"):
        os.makedirs(f"{folder}/db", exist_ok=True)
        Path(folder, "db", schema).write_text(Path("db", schema).read_text())
    shown = []
    for command in commands:
        output = run(command.strip(), columns, environment, folder)
        # Where it happens to be built is nobody's business.
        output = output.replace(str(cruddur), "/usr/local/bin/cruddur")
        if not command.startswith(" "):
            shown.append((command, output))
    draw(name, title, columns, shown, out)


if __name__ == "__main__":
    main()
