"""The parts of ``engine.validate``: reading, structure, references, values, windows, cycles."""
