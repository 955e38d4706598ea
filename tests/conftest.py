"""What every test runs under: loopback only, and one of two hypothesis profiles."""

import codecs
import os

from hypothesis import settings

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=500, deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# Python remembers for good that it did not find a codec.  Looked up for the first
# time by a test whose working directory is gone, one would stay lost for all others.
for codec in ("ascii", "latin-1", "idna", "utf-8-sig", "utf-16"):
    codecs.lookup(codec)
