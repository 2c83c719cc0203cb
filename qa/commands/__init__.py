"""The bodies of the ``qa`` commands: each takes its parsed arguments and returns an exit code.

They import what they need when they run, so that ``qa --help`` costs nothing.
"""
