"""Tests. They are in English wherever they run, and so are the processes they start."""

import os

os.environ["LANGUAGE"] = "en"
