"""`python -m rq`: the command line with the interpreter, and so the environment, of one's choice."""

from rq.cli.main import main

if __name__ == "__main__":
    main(prog_name="rq")
