"""The systems tcpchat is compared with, each through a light client that parses what it receives."""
