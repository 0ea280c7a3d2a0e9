"""Data files of the product: web page, icons, samples, JSON Schema."""
