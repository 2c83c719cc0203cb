"""The tests; ``tests.fakes`` holds what stands in for the neural models."""
