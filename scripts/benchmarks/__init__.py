"""What ``scripts/bench.py`` measures: qa beside txtai and Haystack, in turn, on one machine."""
