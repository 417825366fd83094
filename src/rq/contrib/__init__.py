"""RQ keeps this package so that `import rq.contrib` works; there is nothing in it."""
