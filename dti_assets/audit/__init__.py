"""What humans say about what the program counted: samples to code, agreement, and corrections.

Sits above the domain packages: reads their tables, and none of them knows of it.
"""
