"""Queries only: each takes a connection, returns domain values, and never commits."""
