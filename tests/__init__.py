"""Tests. They are in English wherever they run, and so are the processes they start."""

import os

os.environ["LANGUAGE"] = "en"
os.environ.pop("LC_ALL", None)
