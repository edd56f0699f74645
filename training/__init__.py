"""How our own networks are made: the data, the training, and the file that the pipeline runs.

See docs/training.md.
"""
