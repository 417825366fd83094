"""What an `embedded://` URL may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from rq.core.errors import EmbeddedUrlError
from rq.embedded import is_embedded_url
from rq.embedded.url import parse_embedded_url


@pytest.mark.parametrize("url", ["embedded://", "embedded:///path", "embedded://?db=1", "EMBEDDED:///path"])
def test_an_embedded_url_is_recognised(url: str):
    assert is_embedded_url(url)


@pytest.mark.parametrize("url", ["redis://localhost", "unix:///embedded", "embedded:/path", "embedded", ""])
def test_any_other_url_is_not_embedded(url: str):
    assert not is_embedded_url(url)


def test_the_path_of_the_url_is_the_directory(tmp_path: Path):
    assert parse_embedded_url(f"embedded://{tmp_path}/data").directory == tmp_path / "data"


def test_the_path_may_be_percent_encoded():
    assert parse_embedded_url("embedded:///a%20b/%23c%3F").directory == Path("/a b/#c?")


def test_a_symbolic_link_and_its_target_are_one_directory(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert parse_embedded_url(f"embedded://{tmp_path}/link").directory == tmp_path / "real"


def test_without_a_path_the_directory_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("RQ_EMBEDDED_DIR", str(tmp_path / "mine"))
    assert parse_embedded_url("embedded://").directory == tmp_path / "mine"


def test_without_path_and_environment_the_directory_is_among_the_users_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("RQ_EMBEDDED_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert parse_embedded_url("embedded://?db=2").directory == tmp_path / "data/rq/embedded"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert parse_embedded_url("embedded://").directory == tmp_path / "home/.local/share/rq/embedded"


def test_options_have_defaults():
    target = parse_embedded_url("embedded:///path")
    assert (target.database, target.fsync, target.linger_seconds) == (0, "everysec", 2.0)


def test_options_are_read():
    target = parse_embedded_url("embedded:///path?db=15&fsync=always&linger=0.5")
    assert (target.database, target.fsync, target.linger_seconds) == (15, "always", 0.5)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("embedded://relative/path", "three slashes"),
        ("embedded://[", "three slashes"),
        ("embedded:///path#fragment", "percent-encoded"),
        ("embedded:///pa%00th", "malformed"),
        ("redis:///path", "malformed"),
        ("embedded:///path?db=16", "0 to 15"),
        ("embedded:///path?db=-1", "0 to 15"),
        ("embedded:///path?db=", "0 to 15"),
        ("embedded:///path?fsync=never", "everysec or always"),
        ("embedded:///path?linger=soon", "seconds"),
        ("embedded:///path?linger=-1", "seconds"),
        ("embedded:///path?linger=nan", "seconds"),
        ("embedded:///path?timeout=3", "unknown option 'timeout'"),
    ],
)
def test_a_url_that_cannot_be_understood_is_refused_with_the_reason(url: str, said: str):
    with pytest.raises(EmbeddedUrlError, match=said):
        parse_embedded_url(url)
