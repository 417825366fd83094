"""The commands, one file each; `rq.cli.main` lists them."""
