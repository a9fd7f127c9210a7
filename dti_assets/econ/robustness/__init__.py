"""What an estimate rests on.

Other specifications, errors and dictionaries, and each unit left out in turn.
"""
