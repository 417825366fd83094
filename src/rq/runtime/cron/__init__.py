"""Cron: functions that are enqueued again and again, at an interval or at the times that a cron string names.

`timing` reads what people say about time, `job` is one cron job, `scheduler` the process that enqueues them, `config` the files in which they are written down,
`listing` what people are shown. When a tick is due is decided in `rq.model.cron`, and that it becomes one job in `rq.store.cron`.
"""
