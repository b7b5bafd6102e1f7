"""The figures of a report: which there are follows from what a sweep has swept and measured."""
