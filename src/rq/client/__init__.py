"""RQ's object API over the store: `Job`, `Queue`, registries, results, executions.

The handles are thin: each method is a line or two into a neighbour or into a store call. They keep what they read in memory, never write in what looks like a
read, and change their own fields only when the server has confirmed a write. Importing this room does not load a client library: the processes that run jobs
import it with user code, and need a connection only if that code asks for one.
"""
