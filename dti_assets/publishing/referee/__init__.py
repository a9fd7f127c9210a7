"""The referee's appendix: standard objections, and what the stored tables have to say to each."""
