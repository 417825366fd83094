"""What happens, as events; and adapters that turn events into log lines, counts and traces. Working code formats none of these."""
