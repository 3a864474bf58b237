"""A simulated network under real peers, driven by one clock and one seed."""
