"""dti_assets: from provincial government work reports to an instrumental-variable table."""

__version__ = "0.1.0"
