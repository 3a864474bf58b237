"""The conversation itself: values and bytes in, values and bytes out; no reactor, socket, file or database."""
