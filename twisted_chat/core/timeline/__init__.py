"""The way from batches to the messages that are shown, in their order."""
