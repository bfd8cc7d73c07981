"""The version of the package; its metadata reads it from here."""

__version__ = "0.1.0"
