"""Where a job runs: one strategy per file, one protocol (`base`) over all of them.

| file | what it is |
| --- | --- |
| `base` | the protocol, and the values that go in and come out |
| `choice` | which executor a worker has, by name |
| `inline` | the executor that runs jobs in its own process and thread |
| `by_worker` | the executor that leaves it to a worker's own `execute_job()` |
| `warm`, `spawn` | the executors whose processes are fresh interpreters: kept for many jobs, or for one |
| `children` | what the two are: how such processes are started, handed attempts, and replaced |
| `child_handle` | one such process, as the supervisor sees it |
| `child_limits` | when such a process is replaced |
| `child` | the life of such a process |
| `failures` | when starting such a process is tried again after it failed |
| `process_state` | what is put back in it after a job |
| `threads` | the executor that runs jobs in threads of its own process |
| `asyncio` | the executor that runs coroutines on one event loop |
| `in_process` | what the two have in common |
| `called_in_thread` | calls in threads that other threads can end |
| `bell` | how such threads wake the one that drives the executor |
| `endings` | what is reported of attempts, and the callbacks of those that were stopped |
| `fork` | the executor that gives every job a fresh process; its other half is the lineage below |
| `lineage` | which zygote forks now, which comes next, which retire: preloading and renewal |
| `handles` | one zygote, and one job process, as the supervisor sees them |
| `starting` | two ways to start the first zygote |
| `sources` | notices that a source file changed |
| `zygote` | the process that forks job processes |
| `preload` | how a zygote imports a module and finds out whether it may keep it |
| `fresh_interpreter`, `introduction` | how an interpreter is started, and told what it has to know |
| `job_settings` | what every process of jobs knows before it has a job |
| `job_process` | the life of one job process |
| `job_run` | how a job is run in the process it was given to |
| `called_module` | which module a job's function comes from |
| `serializer_reference` | how a serializer is named to a fresh interpreter |
| `process_control` | system calls about processes and descriptors |
| `link` | a job process's end of the socket to its supervisor |
| `channel` | the messages between all of them |
"""
