"""``python -m app.sample``: write the sample plant's file anew."""

from app.exchange import write
from app.sample import SAMPLE_FILE, build

write(build(), SAMPLE_FILE)
