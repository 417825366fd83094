"""`python -m rq.cli`."""

from rq.cli.main import main

if __name__ == "__main__":
    main(prog_name="rq")
