//! Chapter 1: one page after another, asleep in every call
