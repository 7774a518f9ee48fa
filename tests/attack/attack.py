#!/usr/bin/env python3
"""One tool against one service; called by tests/attack/run, which brings the tools."""

import argparse
import importlib
import sys

from report import Report


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool", choices=["slow", "bombs", "tls", "wapiti", "sqlmap"])
    parser.add_argument("--engine", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--seconds", type=int, help="slow: of each kind of test")
    parser.add_argument("--minutes", type=int, help="wapiti, sqlmap: in all")
    parser.add_argument("--quick", action="store_true", help="as short as CI needs it")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    return importlib.import_module("tool_" + arguments.tool).run(arguments, Report(arguments.tool))


if __name__ == "__main__":
    sys.exit(main())
