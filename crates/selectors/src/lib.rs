//! Which sockets are ready: one one-shot face for every way to ask the system
