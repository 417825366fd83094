"""Every public name of RQ 2.12 is importable from the same path, but for those listed as not there yet.

`not_yet_exported.json` may only shrink: a name that is listed and exported fails as well. After exporting names, run
`python -m tests.architecture.surface`.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.surface import NOT_YET_FILE, RQ_NAMES_FILE, WHOLE_MODULE, missing_names, read_names

ROOT = Path(__file__).parents[2]
RQ_NAMES = read_names(RQ_NAMES_FILE)
NOT_YET = read_names(NOT_YET_FILE)


@pytest.mark.parametrize("module", RQ_NAMES)
def test_a_module_exports_what_rqs_does(module):
    listed = set(NOT_YET.get(module, ()))
    missing = set(missing_names(module, RQ_NAMES[module]))
    if WHOLE_MODULE not in listed:
        assert sorted(missing - listed) == []


@pytest.mark.parametrize("module", NOT_YET)
def test_a_name_is_listed_as_missing_only_while_it_is(module):
    missing = missing_names(module, RQ_NAMES[module])
    assert sorted(set(NOT_YET[module]) - set(missing)) == []


def test_the_list_of_names_is_that_of_rq():
    python = Path(os.environ.get("RQ212_PYTHON", ROOT / ".venv-rq212" / "bin" / "python"))
    if not python.exists():
        pytest.skip("needs an environment with RQ 2.12.0: make test prepares it, RQ212_PYTHON names another")
    script = Path(__file__).with_name("rq_public_names.py")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    printed = subprocess.run([python, script], env=environment, check=True, capture_output=True, text=True).stdout
    assert json.loads(printed) == RQ_NAMES
