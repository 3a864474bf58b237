"""Programs: one vocabulary of JSON-RPC, over a pipe and over sockets."""
