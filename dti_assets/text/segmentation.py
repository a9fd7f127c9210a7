"""Words: jieba (or rjieba) behind one interface, with a private dictionary and cache.

The denominators of every study are segmented with jieba's base dictionary plus the shipped policy
dictionary, so that a user's own terms never move them.
"""

from __future__ import annotations

import contextlib
import logging
import marshal
import unicodedata
import warnings
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Protocol

from dti_assets.errors import BrokenSealError, TokenizerError
from dti_assets.store.cache import read_sealed, write_sealed
from dti_assets.text.dictionary import Dictionary
from dti_assets.text.readers.clean import HAN

TokenizerName = Literal["jieba", "rjieba"]
_NO_WORD = ("P", "Z", "S", "C")


class Segmenter(Protocol):
    """Cuts a paragraph into tokens whose concatenation is the paragraph."""

    def cut(self, text: str) -> list[str]: ...


class _Jieba:
    def __init__(self, dictionary: Dictionary, cache_folder: Path | None) -> None:
        with warnings.catch_warnings():
            # jieba 0.42.1 imports pkg_resources, which warns since setuptools 80
            warnings.simplefilter("ignore")
            import jieba
        jieba.setLogLevel(logging.WARNING)
        self._tokenizer = jieba.Tokenizer()
        # jieba's own cache is loaded unchecked, by default from the shared temporary folder
        self._tokenizer.FREQ, self._tokenizer.total = _base_words(self._tokenizer, cache_folder)
        self._tokenizer.initialized = True
        for key in dictionary.keys:
            self._tokenizer.add_word(dictionary.by_key[key].term)

    def cut(self, text: str) -> list[str]:
        return self._tokenizer.lcut(text)


def _base_words(tokenizer: Any, folder: Path | None) -> tuple[dict[str, int], int]:
    """jieba's base dictionary parsed (prefixes and frequencies, and their sum), kept in `folder`.

    Parsing takes a second, loading a tenth of it. A kept one that is broken is parsed anew.
    """
    name = f"jieba-{version('jieba')}.cache"
    if folder is not None:
        with contextlib.suppress(BrokenSealError):
            kept = read_sealed(folder / name, name)
            if kept is not None:
                frequencies, total = marshal.loads(kept)
                return frequencies, total
    frequencies, total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    if folder is not None:
        # without it the next process takes a second longer, and that is all
        with contextlib.suppress(OSError):
            write_sealed(folder / name, marshal.dumps((frequencies, total)), name)
    return frequencies, total


class _Rjieba:
    def __init__(self, dictionary: Dictionary) -> None:
        import rjieba

        self._tokenizer = rjieba.Jieba()
        for key in dictionary.keys:
            term = dictionary.by_key[key].term
            self._tokenizer.add_word(term, self._tokenizer.suggest_freq(term), "n")

    def cut(self, text: str) -> list[str]:
        return self._tokenizer.cut(text)


def segmenter(
    name: TokenizerName, dictionary: Dictionary, cache_folder: Path | None = None
) -> Segmenter:
    """A tokenizer with HMM on that knows the terms of `dictionary`.

    `cache_folder` is where jieba may keep its parsed base dictionary; it must not be shared with
    untrusted users. Without one it is parsed anew, which takes a second. Raises TokenizerError
    where rjieba is asked for and not installed.
    """
    if name == "jieba":
        return _Jieba(dictionary, cache_folder)
    try:
        return _Rjieba(dictionary)
    except ImportError as error:
        raise TokenizerError(
            "text.tokenizer is rjieba, which is not installed: pip install 'dti-assets[rjieba]'"
        ) from error


def tokenizer_version(name: TokenizerName) -> str:
    """Name and version, part of the cache key of every count."""
    return f"{name} {version(name)}"


@lru_cache(maxsize=200_000)
def _kind(token: str) -> int:
    """0 for punctuation, symbols, separators and controls; 1 for a word; 2 for a Han word."""
    if all(unicodedata.category(c)[0] in _NO_WORD for c in token):
        return 0
    return 2 if all(HAN.match(c) for c in token) else 1


def words(tokens: Mapping[str, int]) -> tuple[int, int, int]:
    """Tokens in all, those not made of punctuation alone, and those of Han characters only, from
    how often each token occurs.

    Punctuation is a token whose characters all belong to the Unicode categories P, Z, S or C.
    """
    sums = [0, 0, 0]
    for token, count in tokens.items():
        sums[_kind(token)] += count
    return sum(sums), sums[1] + sums[2], sums[2]
