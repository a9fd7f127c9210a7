"""What the economist takes away: printed tables and the report, made from stored frames only."""
