#!/usr/bin/env python3
"""Writes areas.txt.gz from the npm package idn-area-data.

    npm pack idn-area-data@4.0.1 && tar xzf idn-area-data-4.0.1.tgz
    python3 data/regions/regenerate.py package/data

Format, one area a line, sorted by code, UTF-8: province `11 Aceh`, regency `1101 Kabupaten Aceh Selatan`, district
`110101 Bakongan`, and below each district its villages by the last four digits of their codes, `.2001 Keude Bakongan`.
Islands are left out. The same input gives the same bytes.
"""

import csv
import gzip
import pathlib
import sys


def rows(folder, name):
    with open(folder / name, encoding="utf-8", newline="") as file:
        return [(row["code"], " ".join(row["name"].split())) for row in csv.DictReader(file)]


def main():
    folder = pathlib.Path(sys.argv[1])
    areas = []
    for name in ("provinces.csv", "regencies.csv", "districts.csv", "villages.csv"):
        areas += rows(folder, name)
    lines = []
    for code, name in sorted(areas):
        parts = code.split(".")
        lines.append(f".{parts[3]} {name}" if len(parts) == 4 else f"{''.join(parts)} {name}")
    text = ("\n".join(lines) + "\n").encode()
    target = pathlib.Path(__file__).with_name("areas.txt.gz")
    target.write_bytes(gzip.compress(text, 9, mtime=0))
    print(f"{target}: {len(lines)} areas, {target.stat().st_size} bytes")


main()
