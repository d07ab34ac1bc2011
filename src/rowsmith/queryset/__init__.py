"""QuerySet: the chainable query that users hold, its awaitable twins, and the managers it comes from."""
