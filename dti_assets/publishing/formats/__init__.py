"""One printed table as LaTeX, Word, HTML and Markdown."""
