"""Training of the retriever's encoder: question and sentence pairs, mined negatives, the loop."""
