"""Convolutions of every kind as window works: dilated, transposed, grouped, along one axis."""
