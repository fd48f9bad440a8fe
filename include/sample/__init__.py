"""Three sample systems like those of a Swedish IT company: sales, finance and marketing.

``create`` makes and fills them, ``reset`` makes them empty. README.md explains how they are made.
"""

from include.sample.database import reset
from include.sample.generate import Sample, create

__all__ = ["Sample", "create", "reset"]
