"""Writes `docs/vocabulary.md`: `python -m docs.reference`."""

from __future__ import annotations

from pathlib import Path

from twisted_chat.frontends.json.reference import page

PAGE = Path(__file__).with_name("vocabulary.md")

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
