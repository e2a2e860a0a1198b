"""So that `python -m sim` is known where the package is installed; nothing else is here."""
