"""RQ's object API for asyncio (door: `rq.aio`): the handles of `rq.client` over a client of `redis.asyncio`, without threads.

What needs no server is inherited: `JobData`, `QueueData`, `RegistryData`, `ResultData`. What does is the same call, awaited. The names are the same, by one
rule: whatever asks the server is a method, and is awaited. So `queue.count` is `await queue.count()` here; `job.id`, which asks nobody, is `job.id`.
"""
