"""The command line: its flags, the checks of their values, the configuration file, and what is asked at a terminal."""
