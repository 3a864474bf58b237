"""TCP links between peers: taking and making connections, the choice between two links, and finding other peers."""
