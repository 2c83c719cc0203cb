"""Training of the extractive reader: data, features, model, measures and the training loop."""
