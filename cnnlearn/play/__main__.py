"""`python -m cnnlearn.play data FOLDER` computes the data of the figures anew; `… page FILE` writes their page."""

import sys
from pathlib import Path

from cnnlearn.play import data
from cnnlearn.play.page import page

what, where = sys.argv[1:]
if what == "data":
    for name in data.LESSONS:
        data.write(name, data.compute(name), Path(where))
elif what == "page":
    Path(where).write_text(page(), encoding="utf-8")
else:
    sys.exit(__doc__)
