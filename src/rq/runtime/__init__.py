"""What runs jobs: workers, executors, cron and pools: processes, signals and waiting."""
