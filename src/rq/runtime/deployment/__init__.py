"""From a file `rq.toml` to running processes.

`reading` makes `values` of the file, `plans` says which processes they mean, `fleet` keeps those running, with `duties` beside. `unit` makes a service of it.
"""
