"""The mesh: TCP links between peers, who dials whom, and which of two links stays."""
