"""The job of the demonstration: an ordinary function in an ordinary module; nothing in it knows of queues."""

from urllib.request import urlopen


def count_words_at_url(url: str) -> int:
    """Return how many words the text at `url` has."""
    with urlopen(url, timeout=60) as response:  # noqa: S310 - the demonstration gives it http:// addresses of its own
        text: str = response.read().decode()
    return len(text.split())
