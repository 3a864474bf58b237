"""A conversation as a file that proves itself: `tcpchat export` writes it, `tcpchat verify` checks it, offline.

JSON Lines in UTF-8: a `Header`, the batches by time, the proofs of forks, an `End`. A batch or a fork is the very line that
carries it on the wire, so its body is the text that was signed: nothing has to be decoded to be read or searched, and
one codec guards both. Each batch is signed by its author; the end is signed by whoever exported, over every byte before it,
so that what was left out or put in later shows too. See "Archives" in `docs/protocol.md`.
"""
