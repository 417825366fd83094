"""Which directories an embedded server takes, and what it makes of them."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rq.core.errors import EmbeddedError
from rq.embedded.directory import prepare_directory, remove_short_path, socket_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.processes import Processes

NOBODY = 65534
LONG_NAME = "long" * 30


@pytest.fixture
def public_path() -> Iterator[Path]:
    """A directory that every user of this machine can reach (a test's usual directory is closed to others)."""
    with tempfile.TemporaryDirectory(prefix="rq-test-", dir="/tmp") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_is_closed_to_other_users(tmp_path: Path):
    assert mode_of(prepare_directory(tmp_path / "new" / "deep").path) == 0o700


def test_an_empty_directory_that_is_open_to_others_is_closed(tmp_path: Path):
    tmp_path.chmod(0o755)
    prepare_directory(tmp_path)
    assert mode_of(tmp_path) == 0o700


def test_a_directory_with_other_files_that_is_open_to_others_is_left_alone(tmp_path: Path):
    (tmp_path / "holiday.jpg").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(EmbeddedError, match="other files"):
        prepare_directory(tmp_path)
    assert mode_of(tmp_path) == 0o755


@pytest.mark.parametrize("name", ["file", "file/server"])
def test_a_file_is_not_taken_for_a_directory(tmp_path: Path, name: str):
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="a file stands in the way; name another directory"):
        prepare_directory(tmp_path / name)


def test_a_directory_that_cannot_be_created_is_named_in_the_error():
    with pytest.raises(EmbeddedError, match=r"/proc/embedded cannot be .* name another directory"):
        prepare_directory(Path("/proc/embedded"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(tmp_path: Path):
    os.chown(tmp_path, NOBODY, NOBODY)
    with pytest.raises(EmbeddedError, match=f"belongs to user {NOBODY}"):
        prepare_directory(tmp_path)


def test_a_directory_that_is_not_writable_is_refused(processes: Processes, public_path: Path):
    directory = public_path / "sealed"
    directory.mkdir(mode=0o500)
    if os.geteuid() == 0:  # root may write everywhere, so somebody else tries
        os.chown(directory, NOBODY, NOBODY)
    process = processes.python(
        """
        import os, sys
        from rq.embedded import open_embedded
        if os.geteuid() == 0:
            os.seteuid(int(sys.argv[2]))
        open_embedded("embedded://" + sys.argv[1])
        """,
        directory,
        NOBODY,
    )
    assert process.wait() == 1
    assert "EmbeddedError" in process.stderr
    assert f"{directory} is not writable" in process.stderr


def test_a_short_path_to_the_socket_is_used_as_it_is(tmp_path: Path):
    directory = prepare_directory(tmp_path / "short")
    assert socket_path(directory) == directory.path / "valkey.sock"


def test_a_long_path_to_the_socket_is_shortened_through_a_private_folder(tmp_path: Path):
    directory = prepare_directory(tmp_path / LONG_NAME)
    short = socket_path(directory)
    assert len(os.fsencode(short)) < 100
    assert short.parent.resolve() == directory.path
    assert mode_of(short.parent.parent) == 0o700
    assert socket_path(directory) == short
    remove_short_path(directory)
    assert not short.parent.is_symlink()


def test_a_short_link_that_leads_elsewhere_is_put_right(tmp_path: Path):
    directory = prepare_directory(tmp_path / LONG_NAME)
    link = socket_path(directory).parent
    link.unlink()
    link.symlink_to(tmp_path)
    assert socket_path(directory).parent.resolve() == directory.path
    remove_short_path(directory)
