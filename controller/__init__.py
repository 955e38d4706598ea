"""Context Harness Controller: an organisation's knowledge, declared as YAML in git."""

__version__ = "0.1.0"
