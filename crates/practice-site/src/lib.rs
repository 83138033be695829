//! The web site every stage crawls: exact delays, and every fault by name
