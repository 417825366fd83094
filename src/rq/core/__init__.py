"""Floor 0, the words every other room uses: errors, keys, defaults, formats, ids, references and their like.

Nothing here does I/O, and nothing here imports another room or a third-party package, so the processes that run
jobs can load it for free.
"""
