"""The chat in the terminal. Widgets draw; one worker thread talks to the session."""
