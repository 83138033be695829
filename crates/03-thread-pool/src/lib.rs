//! Chapter 3: ten threads, each asleep in its own call
