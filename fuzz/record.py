"""Writes what a run of fuzz/run did into docs/assurance.md: record.py FOLDER-OF-LOGS TARGET...

Executions are added to those of earlier runs, which began with the inputs that runs before them found on the same machine."""

import datetime
import pathlib
import re
import sys

FILE = pathlib.Path(__file__).resolve().parents[1] / "docs/assurance.md"
MARK, END = "<!-- fuzz -->", "<!-- end -->"


def main():
    logs, *targets = sys.argv[1:]
    before, rest = FILE.read_text().split(MARK, 1)
    old, after = rest.split(END, 1)
    rows = {}
    for line in old.splitlines():
        cells = [cell.strip(" `") for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[1].replace(" ", "").isdigit():
            rows[cells[0]] = [int(cells[1].replace(" ", "")), int(cells[2]), cells[3], cells[4]]
    for target in targets:
        log = pathlib.Path(logs, f"{target}.log").read_text(errors="replace")
        executions = int(re.search(r"^stat::number_of_executed_units: *(\d+)", log, re.M)[1])
        covered = re.findall(r"cov: (\d+)", log)[-1]
        total, runs, *_ = rows.get(target, [0, 0])
        rows[target] = [total + executions, runs + 1, covered, str(datetime.date.today())]
    lines = ["| target | executions | runs | places covered | last run |", "| --- | ---: | ---: | ---: | --- |"]
    lines += [f"| `{name}` | {total:,} | {runs} | {covered} | {day} |".replace(",", " ") for name, (total, runs, covered, day) in sorted(rows.items())]
    FILE.write_text(before + MARK + "\n\n" + "\n".join(lines) + "\n\n" + END + after)


main()
