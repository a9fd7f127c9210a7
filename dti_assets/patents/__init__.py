"""Patents: reading an extract, keyword classification, province-year counts, DTIn and DTIG."""
