"""Repairs by hand. Workers do them by themselves."""

from rq.client.intermediate import IntermediateQueue, clean_intermediate_queue
from rq.client.queue import Queue

__all__ = ["IntermediateQueue", "Queue", "clean_intermediate_queue"]
