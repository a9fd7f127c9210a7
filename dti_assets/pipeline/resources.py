"""What assets are handed besides tables: the study with its folders, and someone to tell."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dti_assets.compute.ray import RayCluster
from dti_assets.patents.checks import broken_records
from dti_assets.patents.tables import DIGITAL_PATENTS
from dti_assets.store.parquet import Store
from dti_assets.store.schema import Table
from dti_assets.study.catalogue import YEARLY, stored_tables
from dti_assets.study.config import Study
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

    from dti_assets.compute.engines import ReportEngine
    from dti_assets.patents.extract import Engine
    from dti_assets.store.cache import Cache
    from dti_assets.text.attention import CountingRules
    from dti_assets.text.concordance import Spans
    from dti_assets.text.dictionary import Dictionary
    from dti_assets.text.segmentation import Segmenter


class Progress:
    """Told how far long work has come; this one keeps quiet, the command line shows a bar."""

    def report(self, asset: str, done: int, total: int | None) -> None:
        """`done` of `total` units of `asset` are finished; None where the total is not known."""

    def summary(self, asset: str, sentence: str) -> None:
        """One sentence about a finished asset."""

    def note(self, sentence: str) -> None:
        """One sentence to be read at once."""

    def on(self, asset: str) -> Callable[[int, int], None]:
        """A callback that reports for one asset."""
        return lambda done, total: self.report(asset, done, total)


@dataclass
class Workspace:
    """The study and where it keeps things; one a run, handed to every asset."""

    study: Study
    workers: int | None = None
    progress: Progress = field(default_factory=Progress)
    # a test's own server, as (loopback address, port); nothing a user can set
    loopback: frozenset[tuple[str, int]] = frozenset()

    @property
    def store(self) -> Store:
        return Store(self.study.output_url)

    @property
    def cache(self) -> "Cache":
        from dti_assets.store.cache import Cache

        return Cache(self.study.cache_folder)

    @cached_property
    def units(self) -> Units:
        """The units of the study."""
        return self.study.unit_list

    @property
    def level(self) -> Level:
        """What the units are called, and the columns that identify one."""
        return self.units.level

    @cached_property
    def tables(self) -> dict[str, Table]:
        """The declarations of what the study stores, by asset name."""
        return stored_tables(self.study)

    def stored(self, name: str) -> "pd.DataFrame":
        """A stored table by its asset's name, the study's years of it."""
        years = self.study.all_years if name in YEARLY else None
        return self.store.read(self.tables[name], years)

    def stored_so_far(self, name: str, run_years: Iterable[int] = ()) -> "pd.DataFrame | None":
        """A stored table for a check: of a yearly one what exists of the study's years and those
        of the run, which may be one of many to come; None where no year does."""
        if name not in YEARLY:
            return self.stored(name)
        table = self.tables[name]
        wanted = sorted({*self.study.all_years, *run_years})
        years = [year for year in wanted if self.store.has(table, year)]
        return self.store.read(table, years) if years else None

    def checksum(self, name: str) -> str | None:
        """SHA-256 of a stored table by its asset's name, of a yearly one the study's years; None
        where it, or a year of it, has not been made."""
        years = self.study.all_years if name in YEARLY else None
        return self.store.checksum(self.tables[name], years)

    def violations(self, table: Table, run_years: Iterable[int] = ()) -> list[str]:
        """How the stored table breaks its declaration, one sentence each."""
        location = self.store.location(table.name)
        if table.name == DIGITAL_PATENTS.name and "://" not in location:
            # may hold millions of rows: looked at column by column
            return broken_records(Path(location), level=self.level)
        frame = self.stored_so_far(table.name, run_years)
        return [] if frame is None else self.tables[table.name].violations(frame)

    def dictionary(self) -> "Dictionary":
        """The study's term list, read anew so that an edit is seen."""
        from dti_assets.text.dictionary import load_dictionary

        return load_dictionary(self.study.path(self.study.text.dictionary))

    def counting_rules(self) -> "CountingRules":
        """The study's choices about counting."""
        from dti_assets.text.attention import CountingRules

        text = self.study.text
        return CountingRules(text.hits, text.words, text.section, text.annexes, text.tokenizer)

    def finder(self) -> "Spans":
        """What finds the terms of the study's dictionary in a paragraph, as the study counts."""
        from dti_assets.text.concordance import spans_of

        return spans_of(self.dictionary(), self.counting_rules(), self.cutter())

    def cutter(self) -> "Segmenter | None":
        """What cuts paragraphs into words, where the study counts hits by them; else None."""
        from dti_assets.text.segmentation import segmenter

        rules = self.counting_rules()
        if rules.hits != "token":
            return None
        return segmenter(rules.tokenizer, self.dictionary(), self.cache.folder / "jieba")

    @property
    def counted_sections(self) -> tuple[str, ...]:
        """The stored sections whose counts the study adds up."""
        return self.counting_rules().sections

    def patent_engine(self) -> "Engine | None":
        """Where patents are classified; None for this machine's processors."""
        if self.study.patents.engine == "local":
            return None
        # loads polars
        from dti_assets.patents.extract import on_ray

        return on_ray(RayCluster(self.study.patents.ray_address))

    def report_engine(self) -> "ReportEngine":
        """Where reports are read and counted."""
        from dti_assets.compute.engines import LocalWorkers, RayWorkers

        chosen = self.study.reports
        if chosen.engine == "local":
            return LocalWorkers(self.workers)
        return RayWorkers(RayCluster(chosen.ray_address))
