"""Where the course's repository is."""

from importlib import metadata


def address() -> str:
    """As pyproject.toml says under `Repository`, without a slash at its end."""
    urls = dict(entry.split(", ", 1) for entry in metadata.metadata("cnnlearn").get_all("Project-URL", []))
    return urls["Repository"]
