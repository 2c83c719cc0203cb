"""The arguments of the ``qa`` command and its help, with an example for each command."""
