"""Has LibreOffice compute a workbook's formulas anew: their values are taken out first, so that it cannot repeat them. Prints how
many there are; ends with 1 where a value differs from the one that the workbook had."""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import openpyxl

CELL = re.compile(rb"<c ([^>]*)><f>(.*?)</f><v>[^<]*</v></c>")


def emptied(source, target):
    """The same workbook without the values of its formulas."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.startswith("xl/worksheets/"):
                data = CELL.sub(rb"<c \1><f>\2</f></c>", data)
            new.writestr(name, data)


def main(path):
    with tempfile.TemporaryDirectory() as folder:
        empty, out = Path(folder, "rekap.xlsx"), Path(folder, "out")
        emptied(path, empty)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(empty)]
        subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL)
        formulas = openpyxl.load_workbook(path)
        kept = openpyxl.load_workbook(path, data_only=True)
        unknown = openpyxl.load_workbook(empty, data_only=True)
        computed = openpyxl.load_workbook(out / "rekap.xlsx", data_only=True)
        count, wrong = 0, []
        for sheet in formulas:
            for row in sheet.iter_rows():
                for cell in row:
                    if not (isinstance(cell.value, str) and cell.value.startswith("=")):
                        continue
                    count += 1
                    place = cell.coordinate
                    assert unknown[sheet.title][place].value is None, f"{sheet.title}!{place} still has its value"
                    ours, theirs = kept[sheet.title][place].value, computed[sheet.title][place].value
                    if theirs is None or abs(ours - theirs) > 1e-9:
                        wrong.append(f"{sheet.title}!{place} {cell.value}: {theirs}, not {ours}")
    print("\n".join(wrong) or f"{count} formulas, all alike")
    return 1 if wrong or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
