"""The terminal desk: screens, keys and the command line over the services."""

__version__ = "0.1.0"
