"""What `twisted_chat.api` is made of: calls in the vocabulary of programs, to a peer in this process or to a running one."""
