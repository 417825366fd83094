"""What joins this package with others: Sentry. RQ keeps this path too, so that `import rq.contrib` works."""
