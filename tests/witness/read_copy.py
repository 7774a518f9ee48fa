"""Read a holder's copy of own data as a person and a screen reader would.

    python read_copy.py FILE [FOLDER]

PDFium (PyPI pypdfium2) reads the text and, where a folder is named, draws each page there as page<n>.png at 80 dots per inch; pypdf looks at
the tags. One JSON object is printed.
"""

import json
import os
import sys

import pypdf
import pypdfium2


def walk(node, found):
    """Counts structure elements by kind, and takes the titles of headings."""
    node = node.get_object()
    if isinstance(node, pypdf.generic.ArrayObject):
        for kid in node:
            walk(kid, found)
        return
    if not isinstance(node, pypdf.generic.DictionaryObject):
        return
    kind = node.get("/S")
    if kind:
        found["tags"][kind[1:]] = found["tags"].get(kind[1:], 0) + 1
        if kind in ("/H1", "/H2"):
            found["headings"].append([kind[1:], str(node.get("/T", ""))])
        if kind == "/Figure":
            found["figures"].append(str(node.get("/Alt", "")))
    if "/K" in node and not isinstance(node["/K"], int):
        walk(node["/K"], found)


def main():
    sys.setrecursionlimit(10_000)
    reader = pypdf.PdfReader(sys.argv[1])
    root = reader.trailer["/Root"]
    found = {
        "tagged": bool(root["/MarkInfo"]["/Marked"]),
        "language": root.get("/Lang"),
        "title": reader.metadata.title,
        "outline": [str(one.title) for one in reader.outline],
        "tags": {},
        "headings": [],
        "figures": [],
    }
    walk(root["/StructTreeRoot"]["/K"], found)
    document = pypdfium2.PdfDocument(sys.argv[1])
    found["pages"] = []
    for number, page in enumerate(document, 1):
        found["pages"].append(page.get_textpage().get_text_bounded())
        if len(sys.argv) > 2:
            page.render(scale=80 / 72).to_pil().save(os.path.join(sys.argv[2], f"page{number}.png"))
    print(json.dumps(found))


main()
