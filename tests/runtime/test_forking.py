"""Children that are forks of a program, in programs of their own: what goes wrong here would go on in two of them."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

PROGRAM = textwrap.dedent("""
    import os, sys
    from rq.runtime.children import Child
    from rq.runtime.forking import fork_launch

    def say(where):
        if sys.argv[1] == where:
            print("nobody reads this")

    reader, writer = os.pipe()
    os.close(reader)
    sys.stdout = os.fdopen(writer, "w")
    say("in the program")
    child = Child("c", fork_launch(lambda: say("in the child"), lambda: None))
    child.start()
    child.join()
    os.write(2, f"the child ended with status {child.exitcode}".encode())
    os._exit(0)
""")


@pytest.mark.parametrize("where", ["in the program", "in the child"])
def test_a_child_ends_where_it_was_forked_though_nobody_reads_what_is_printed(where):
    program = subprocess.run([sys.executable, "-c", PROGRAM, where], check=False, capture_output=True, text=True)
    assert program.stderr == "the child ended with status 0"
