//! Criterion comparisons of the stages: each file beside this one is a benchmark.
