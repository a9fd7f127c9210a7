"""Patents: reading an extract, keyword classification, counts by unit and year, DTIn and DTIG."""
