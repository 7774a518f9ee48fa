"""Read the sheet of a printed card as a printer and a camera would: from pixels.

    python read_sheet.py --pdf FILE --out FOLDER

PDFium (PyPI pypdfium2) draws each page at 150 and at 300 dots per inch, zxing-cpp reads the QR in the picture, pypdf looks at the tags and
the fonts. One JSON object is printed; the pictures stand in the folder as page<n>-<dpi>.png.
"""

import argparse
import json
import os

import pypdf
import pypdfium2
import zxingcpp

MILLIMETRES = 25.4


def look(page, dpi):
    picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
    codes = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    found = []
    for code in codes:
        corners = [code.position.top_left, code.position.top_right]
        side = ((corners[0].x - corners[1].x) ** 2 + (corners[0].y - corners[1].y) ** 2) ** 0.5
        found.append({"text": code.text, "side_mm": side / dpi * MILLIMETRES})
    return picture, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pdf", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    reader = pypdf.PdfReader(arguments.pdf)
    root = reader.trailer["/Root"]
    fonts = set()
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"].get_object()
            embedded = any(key in descriptor for key in ("/FontFile2", "/FontFile3"))
            fonts.add((str(descendant["/BaseFont"]), embedded))
    answer = {
        "tagged": bool(root["/MarkInfo"]["/Marked"]) and "/StructTreeRoot" in root,
        "language": root.get("/Lang"),
        "title": reader.metadata.title,
        "fonts": sorted(fonts),
        "pages": [],
    }
    document = pypdfium2.PdfDocument(arguments.pdf)
    for number, page in enumerate(document, 1):
        width, height = page.get_size()
        shown = {
            "size_mm": [width / 72 * MILLIMETRES, height / 72 * MILLIMETRES],
            "text": page.get_textpage().get_text_bounded(),
            "qr": {},
        }
        for dpi in (150, 300):
            picture, found = look(page, dpi)
            picture.save(os.path.join(arguments.out, f"page{number}-{dpi}.png"))
            shown["qr"][str(dpi)] = found
        answer["pages"].append(shown)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
