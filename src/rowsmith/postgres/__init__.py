"""What PostgreSQL alone can do: fields, lookups, aggregates, search, indexes, constraints and operations.

Importing it offers the search lookups on the fields of text.
"""

from rowsmith.postgres import lookups

lookups.offer()
