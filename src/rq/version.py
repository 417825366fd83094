"""The version of this distribution: the one place that holds the number (the build reads it from here)."""

VERSION = "4.0.0.dev0"
