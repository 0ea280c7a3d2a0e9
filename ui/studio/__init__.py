"""The Optimization Studio dock: what to optimise, how, and how the runs went."""
