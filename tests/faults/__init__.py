"""The program cut off at any instant: real processes of it, killed, then looked at."""
