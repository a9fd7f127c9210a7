"""The errors a user can meet, in one tree: each message is a sentence that names what is wrong.

Every class descends from DtiError, by which the command line and the pipeline know a sentence for
the user from a fault of the program; the built-in class beside it says what kind of error it is.
"""

from __future__ import annotations

from collections.abc import Sequence


class DtiError(Exception):
    """An error whose message is meant for the user."""


# Files, tables and runs.


class WriteError(DtiError, OSError):
    """A file that could not be written; the message names its folder and why. What stood in the
    file's place before is still there."""

    def __str__(self) -> str:
        return str(self.strerror)


class BrokenSealError(DtiError, ValueError):
    """A file that is not what was written under these names; the message names it."""


class BusyError(DtiError, ValueError):
    """Somebody else holds the lock and the caller would not wait; the message names the holder."""


class TableError(DtiError, ValueError):
    """A frame that breaks its table's declaration; the message names table and column."""


class MissingTableError(DtiError, LookupError):
    """A table, or a year of it, that has not been made; the message names it."""


class DamagedTableError(DtiError, ValueError):
    """A stored file that is no Parquet file any more; the message names table and mending."""


class MachineError(DtiError, RuntimeError):
    """A machine that cannot do the work: no worker, no memory, no descriptor, no room. The message
    says what failed and what to do; nothing is known of the files that were to be read."""


class EngineError(DtiError, RuntimeError):
    """A cluster that cannot be used; the message names its address and why."""


# The study and its commands.


class StudyError(DtiError, ValueError):
    """A study that cannot be run as it stands; the message names file, key and value."""


class SimulationError(DtiError, ValueError):
    """A study that cannot be written; the message names the folder or the option."""


class RunStorageError(DtiError, ValueError):
    """Run storage that cannot be used; the message says what is missing and what mends it."""


class InputsError(DtiError, ValueError):
    """Inputs that cannot be looked at; the message names the folder and why."""


class CanceledError(DtiError, RuntimeError):
    """A run that was canceled while it waited for another one to end."""


# Units and distances.


class UnitListError(DtiError, ValueError):
    """A list of units that cannot be used; the message names file, line and column."""


class UnknownUnitError(DtiError, ValueError):
    """A name that belongs to no unit; the message suggests the nearest known one."""


class DistanceError(DtiError, ValueError):
    """A hub or a zero-distance rule that cannot be used; the message names it."""


# Reports.


class UnreadableError(DtiError):
    """A file that gives no text; `status` is one of STATUSES, the message a sentence."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class NotReadError(DtiError, LookupError):
    """A text that cannot be had although it once was; the message names the file and says why."""


class VanishedError(NotReadError):
    """A file that is not there any more as it was read."""


class DictionaryError(DtiError, ValueError):
    """A term list that cannot be used; the message names file, line and term."""


class TokenizerError(DtiError, ValueError):
    """A tokenizer that is not installed; the message says how to get it."""


class CountingError(DtiError, RuntimeError):
    """A report whose counting failed; the message names the file."""


class PublishedCountsError(DtiError, ValueError):
    """Published counts that were not made with the shipped dictionary."""


# Downloads.


class RegistryError(DtiError, ValueError):
    """A registry that cannot be used; the message names file and line."""


class AddressError(DtiError, ValueError):
    """An address that is not to be contacted; the message says which and why."""


class FetchError(DtiError):
    """A page that was not to be had; the message is the reason."""


class ArchiveError(DtiError, OSError):
    """A reports folder that cannot be written to now; the message names it."""


# Patents.


class PatentError(DtiError, ValueError):
    """Bad patent input; the message names file, line or key."""


class PatentSourceError(PatentError):
    """A patent file that cannot be read or lacks a required column."""


class PatentTermsError(PatentError):
    """A term list that cannot be used."""


# Figures of the panel.


class PanelError(DtiError, ValueError):
    """Bad input to the panel; the message names the key, file or value."""


class UnitError(PanelError):
    """A unit that is unknown, or that cannot be converted into the one needed."""


class AppointmentError(PanelError):
    """An appointments file that cannot be used; the message names file, line and column."""


class NotANumberError(DtiError, ValueError):
    """A cell that holds neither a number nor a mark of a missing value."""


class TooLargeError(DtiError, ValueError):
    """A file of figures that is larger than a run reads."""


class UserFigureError(PanelError):
    """Every fault found in the user's files, one line each; `faults` holds them as data."""

    def __init__(self, faults: Sequence[object]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


# Estimation.


class EconError(DtiError, ValueError):
    """A specification or sample from which the asked-for number cannot be computed."""


class SpecificationError(EconError):
    """The specification contradicts itself, whatever the data."""


class MissingColumn(EconError):
    """The frame lacks a column that the specification names."""


class NotNumeric(EconError):
    """A column of numbers holds text or infinite values."""


class EmptySample(EconError):
    """No row is left after rows with missing values are dropped."""


class TooFewRows(EconError):
    """There are no more rows than parameters."""


class TooFewClusters(EconError):
    """Fewer than two clusters: clustered inference does not exist."""


class NoVariation(EconError):
    """A variable is constant once fixed effects and controls are projected out."""


class NoConvergence(EconError):
    """Alternating projections did not settle within their iteration limit."""


class TableSpecificationError(EconError):
    """A table file that cannot be used; the message names file, column and key."""


# Audits and packages.


class AuditError(DtiError, ValueError):
    """A sample that cannot be drawn or labels that cannot be used; the message says which."""


class PackageError(DtiError, ValueError):
    """A package that cannot be made or used; the message is one sentence."""
