"""All tags under which numbers and pictures are written: their names, and a table of what each means.

- ``names``: the names, for code that writes or reads a tag. No other file spells one.
- ``tag``: what the table says of a tag.
- ``distances``, ``training``, ``samples``: the rows of the table.
- ``table``: the whole table in reading order, and how to look something up in it.
"""
