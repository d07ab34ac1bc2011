"""The query: what is asked, as a frozen value, and how names in it become joins and columns."""
