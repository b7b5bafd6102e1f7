"""Many finished runs of a sweep -> verdicts, statistics, tables and figures; nothing here needs torch."""
