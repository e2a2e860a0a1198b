"""Rewrites: each takes a graph and returns a new, verified one that computes the same."""
