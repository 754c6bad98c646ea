"""Fails on a line of standard input that takes more than 100 columns."""
import sys

for line in sys.stdin.buffer.read().decode().split("\n"):
    if len(line) > 100:
        sys.exit(f"{len(line)} columns: {line}")
