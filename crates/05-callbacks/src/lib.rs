//! Chapter 5: one thread, an event loop and callbacks
