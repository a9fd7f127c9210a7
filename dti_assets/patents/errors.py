"""The exceptions of the patents package; one clear sentence each."""


class PatentError(ValueError):
    """Bad patent input; the message names file, line or key."""


class PatentSourceError(PatentError):
    """A patent file that cannot be read or lacks a required column."""


class PatentTermsError(PatentError):
    """A term list that cannot be used."""
