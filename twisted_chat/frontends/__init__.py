"""Where people meet the conversation; none knows another."""
