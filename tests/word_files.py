"""Word documents made for tests from XML, with all that a word processor may write into one."""

import io
import zipfile
from xml.sax.saxutils import escape

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def run(text: str, properties: str = "") -> str:
    looks = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{looks}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(inner: str, properties: str = "") -> str:
    if not inner.startswith("<"):
        inner = run(inner)
    looks = f"<w:pPr>{properties}</w:pPr>" if properties else ""
    return f"<w:p>{looks}{inner}</w:p>"


def docx(
    body: str,
    styles: str = "",
    *,
    main: str = "word/document.xml",
    relations: str = "",
    parts: dict[str, str | bytes] | None = None,
    strict: bool = False,
) -> bytes:
    """A document of this body; `styles` are the children of w:styles, `relations` further
    relationships of the main part, `parts` further parts."""
    folder, _, name = main.rpartition("/")
    office = f"{STRICT}/officeDocument/relationships" if strict else OFFICE
    package = {
        "[Content_Types].xml": '<?xml version="1.0" encoding="UTF-8"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="html" ContentType="text/html"/>'
        '<Default Extension="txt" ContentType="text/plain"/>'
        f'<Override PartName="/{main}" ContentType="{_TYPE}.document.main+xml"/>'
        f'<Override PartName="/{folder}/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/{folder}/numbering.xml" ContentType="{_TYPE}.numbering+xml"/>'
        "</Types>",
        "_rels/.rels": _relationships(
            f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="{main}"/>'
        ),
        f"{folder}/_rels/{name}.rels": _relationships(
            f'<Relationship Id="rId1" Type="{office}/styles" Target="styles.xml"/>'
            f'<Relationship Id="rId2" Type="{office}/numbering" Target="numbering.xml"/>'
            + relations
        ),
        main: f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="{W}" '
        f'xmlns:r="{R}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
        'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        f"<w:body>{body}<w:sectPr/></w:body></w:document>",
        f"{folder}/styles.xml": f'<w:styles xmlns:w="{W}">{styles}</w:styles>',
        f"{folder}/numbering.xml": f'<w:numbering xmlns:w="{W}"><w:abstractNum '
        'w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        '<w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>',
        **(parts or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        for part, content in package.items():
            if strict and isinstance(content, str):
                content = content.replace(W, f"{STRICT}/wordprocessingml/main")
                content = content.replace(R, f"{STRICT}/officeDocument/relationships")
            container.writestr(part, content)
    return out.getvalue()


def _relationships(inner: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Relationships '
        f'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}'
        "</Relationships>"
    )
