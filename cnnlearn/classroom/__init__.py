"""Grading many submissions: student code runs in a sandbox, the judge outside it, and only plain data goes between."""
