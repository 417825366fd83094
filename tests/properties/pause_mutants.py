"""Faults to seed into pauses, and into the commands that are kept for workers. See `mutants`."""

from __future__ import annotations

NOTHING = ""

PAUSE_MUTANTS: dict[str, tuple[tuple[str, str], ...]] = {
    "suspended workers claim": (("return redis.call('EXISTS', suspended_key()) == 1 or", "return"),),
    "a paused worker claims": ((" or is_paused(now, 'worker', worker)", NOTHING),),
    "a paused queue gives jobs": (("for _, queue in ipairs(open) do", "for _, queue in ipairs(claim.queues) do"),),
    "a pause never ends": (("return ends ~= nil and ends > now", "return ends ~= nil"),),
    "a pause ends at once": (("return ends ~= nil and ends > now", "return false"),),
    "a pause ends those of others": (("try('ZREMRANGEBYSCORE', paused, '-inf', now)", "try('ZREMRANGEBYSCORE', paused, '-inf', '+inf')"),),
    "the set of pauses goes before the last of them": (("math.ceil(last - now) + 1", "1"),),
    "a pause without an end goes with the set": (("else redis.call('PERSIST', paused) end", "end"),),
    "what is resumed stays paused": (("  try('ZREM', paused, member)\n", NOTHING),),
    "a command is kept until it was told": (
        ("    table.insert(commands, kind)", "    redis.call('HDEL', held, 'command:' .. kind)\n    table.insert(commands, kind)"),
    ),
    "a command is kept for ever": (("    redis.call('HDEL', held, 'command:' .. kind)\n", NOTHING),),
    "a command is kept for who is not there": (("  if is_ours then", "  if true then"),),
    "it is not said what shall be killed": (("if execution then table.insert(executions, execution) end", NOTHING),),
    "what a worker was told goes to the next bearer of its name": (("  redis.call('DEL', held_key(worker))\n", NOTHING),),
}
