"""Arithmetic of TensorFlow Lite Micro's operators, a file a family."""
