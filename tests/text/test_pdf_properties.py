"""What is read of a PDF is what a reader sees of it, on 200 drawn ones; the drawing tells."""

import re

import drawn_pdfs
import pytest

from dti_assets.text.readers.pdf import read_pdf


def _flat(lines: list[str]) -> str:
    return re.sub(r"\s", "", "".join(lines))


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_what_is_read_is_what_is_seen(start: int) -> None:
    for seed in range(start, start + 20):
        drawn = drawn_pdfs.random_pdf(seed)
        extract = read_pdf(drawn.content)
        assert _flat(extract.paragraphs) == _flat(drawn.lines), (seed, extract.notes)


def test_the_rendering_shows_what_is_said_to_be_seen() -> None:
    """The second witness: ink where a word is seen, blank paper where none is."""
    import numpy as np
    import pypdfium2

    checked = 0
    for seed in range(0, 200, 10):
        drawn = drawn_pdfs.random_pdf(seed)
        document = pypdfium2.PdfDocument(drawn.content)
        # the crop box is taken away, so that boxes and pixels have one origin
        pictures = []
        for page in document:
            page.set_cropbox(0, 0, drawn_pdfs.WIDTH, drawn_pdfs.HEIGHT)
            pictures.append(np.asarray(page.render(scale=1, grayscale=True).to_numpy()).squeeze())
        for inked, boxes in ((True, drawn.seen), (False, drawn.unseen)):
            for number, left, low, right, top in boxes:
                rows = slice(int(drawn_pdfs.HEIGHT - top), int(drawn_pdfs.HEIGHT - low))
                area = pictures[number][rows, int(left) : int(right)]
                if inked and not area.size:
                    continue
                if inked and int(area.max()) - int(area.min()) < 20:
                    pytest.skip("this machine has no font to draw Chinese with")
                assert inked or int(area.max()) - int(area.min()) < 20, (seed, number, left, low)
                checked += 1
    assert checked > 500
