"""Reads a recap with openpyxl: the values that are kept with its formulas, and what the formulas give when they are
computed here. Prints what it found as JSON; ends with 1 where the two differ."""

import json
import re
import sys

import openpyxl

CELL = re.compile(r"([A-Z]+)(\d+)")
SUM = re.compile(r"SUM\(([A-Z]+)(\d+):([A-Z]+)(\d+)\)")


class Sheet:
    """A sheet whose formulas are sums, differences and quotients of cells of its own."""

    def __init__(self, formulas):
        self.formulas = formulas
        self.known = {}

    def value(self, cell):
        if cell not in self.known:
            found = self.formulas[cell].value
            is_formula = isinstance(found, str) and found.startswith("=")
            self.known[cell] = self.compute(found[1:]) if is_formula else found
        return self.known[cell]

    def number(self, cell):
        found = self.value(cell)
        return found if isinstance(found, (int, float)) else 0

    def compute(self, formula):
        def sum_of(match):
            column, first, other, last = match.groups()
            assert column == other, formula
            return str(sum(self.number(f"{column}{row}") for row in range(int(first), int(last) + 1)))

        text = CELL.sub(lambda match: f"({self.number(match.group(0))})", SUM.sub(sum_of, formula))
        assert re.fullmatch(r"[\d\s().+\-*/e]+", text), formula
        return eval(text)


def main(path):
    formulas = openpyxl.load_workbook(path)
    values = openpyxl.load_workbook(path, data_only=True)
    wrong, computed, found = [], 0, {}
    for sheet in formulas:
        own = Sheet(sheet)
        for row in sheet.iter_rows():
            for cell in row:
                if not (isinstance(cell.value, str) and cell.value.startswith("=")):
                    continue
                computed += 1
                kept = values[sheet.title][cell.coordinate].value
                if abs(own.value(cell.coordinate) - kept) > 1e-9:
                    wrong.append(f"{sheet.title}!{cell.coordinate} {cell.value}: {own.value(cell.coordinate)}, not {kept}")
        setup = sheet.page_setup
        found[sheet.title] = {
            "landscape": setup.orientation == "landscape" and str(setup.paperSize) == "9",
            "frozen": sheet.freeze_panes,
            "repeated": sheet.print_title_rows,
            "footer": bool(sheet.oddFooter.center.text and sheet.oddFooter.right.text),
            "rows": [[cell.value for cell in row] for row in values[sheet.title].iter_rows(min_row=5)],
            "formats": sorted({cell.number_format for row in sheet.iter_rows(min_row=6) for cell in row}),
        }
    print(json.dumps({"wrong": wrong, "computed": computed, "sheets": found}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
