"""Identifiers."""

import re
import uuid

import pytest

from rq.core.errors import InvalidJobId, OptionTypeError
from rq.core.ids import new_execution_id, new_job_id, new_name, split_composite, validate_job_id


def test_a_new_job_id_is_a_random_uuid_with_dashes():
    for job_id in (new_job_id() for _ in range(200)):
        parsed = uuid.UUID(job_id)
        assert (str(parsed), parsed.version, parsed.variant) == (job_id, 4, uuid.RFC_4122)


@pytest.mark.parametrize("make", [new_execution_id, new_name])
def test_execution_ids_and_names_are_32_hexadecimal_digits(make):
    assert re.fullmatch(r"[0-9a-f]{32}", make())
    assert uuid.UUID(make()).version == 4


@pytest.mark.parametrize("make", [new_job_id, new_execution_id, new_name])
def test_no_two_ids_are_alike(make):
    assert len({make() for _ in range(500)}) == 500


@pytest.mark.parametrize("job_id", ["a", "A-b_9", "-", "x" * 255, "81528b0d-626d-4ded-8f25-0047f0cf787b"])
def test_letters_digits_underscores_and_dashes_make_a_job_id(job_id):
    validate_job_id(job_id)


@pytest.mark.parametrize("job_id", ["", "a:b", "a b", "a/b", "é", "a\n", "x" * 256, "٣"])
def test_anything_else_is_refused_as_a_job_id(job_id):
    with pytest.raises(InvalidJobId):
        validate_job_id(job_id)


@pytest.mark.parametrize("job_id", [None, 5, b"a", uuid.uuid4()])
def test_a_job_id_that_is_no_str_is_a_type_error(job_id):
    with pytest.raises(OptionTypeError):
        validate_job_id(job_id)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("job:run", ("job", "run")), ("a:b:run", ("a:b", "run")), ("job", ("job", "")), ("job:", ("job", ""))],
)
def test_a_composite_is_split_at_its_last_colon(text, parts):
    assert split_composite(text) == parts
