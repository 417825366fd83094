"""From a file `rq.toml` to running processes: what is to run (`values`, `reading`), as which commands (`programs`), and as which service (`unit`)."""
