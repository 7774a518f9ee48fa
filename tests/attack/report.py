"""What a run found: printed, judged, and on request written into docs/assurance.md."""

import datetime
import pathlib

FILE = pathlib.Path(__file__).resolve().parents[2] / "docs/assurance.md"


class Report:
    def __init__(self, tool):
        self.tool, self.findings, self.lines = tool, [], []

    def say(self, text):
        print(f"{self.tool}: {text}", flush=True)

    def finding(self, text):
        self.findings.append(text)
        self.say(f"FINDING: {text}")

    def judge(self, good, text):
        if not good:
            self.finding(text)

    def row(self, *cells):
        self.lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")

    def table(self, *heads, right=()):
        self.lines.append("")
        self.row(*heads)
        self.row(*("---:" if index in right else "---" for index in range(len(heads))))

    def close(self, said, write):
        """Gives the exit code. A run that found anything writes nothing."""
        text = f"{datetime.date.today()}. {said} Findings: {len(self.findings)}."
        print(text, *self.lines, sep="\n", flush=True)
        if self.findings:
            return 1
        if write:
            whole = FILE.read_text()
            mark, end = f"<!-- attack {self.tool} -->", "<!-- end -->"
            before, rest = whole.split(mark, 1)
            FILE.write_text(before + mark + "\n\n" + "\n".join([text, *self.lines]) + "\n\n" + end + rest.split(end, 1)[1])
        return 0
