"""Tests of what `twisted_chat.api` is made of."""
