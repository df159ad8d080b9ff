"""What libraries ask without the answer of a step depending on it.

Each entry names a package, or a module of the standard library, through which the user's code asked.
"""

# They put the time into logs, file headers, names and waiting, not into results.
CLOCK = frozenset(
    "IPython ipykernel jupyter_client traitlets tornado zmq comm ipywidgets matplotlib_inline debugpy joblib"
    " tqdm distributed dask logging gzip zipfile tarfile tempfile shutil threading queue asyncio concurrent"
    " multiprocessing subprocess socket ssl http urllib cProfile profile sched unittest warnings traceback"
    " selectors sklearn".split()
)
# They name temporary files, processes, displays, messages and fits; what scikit-learn draws for its results
# comes from numpy's global generator, which is watched itself.
CHANCE = frozenset(
    "IPython ipykernel jupyter_client traitlets tornado zmq comm ipywidgets debugpy joblib tqdm"
    " distributed dask multiprocessing concurrent asyncio subprocess ssl http urllib email logging"
    " sklearn".split()
)
# They hand the whole environment on to processes they start, or look for a terminal.
ENVIRONMENT = frozenset("IPython ipykernel joblib multiprocessing concurrent subprocess".split())
# Looking at the code itself: sources for tracebacks and warnings.
LOOKS = frozenset("linecache inspect traceback tokenize warnings pkgutil zipimport tempfile IPython".split())
# They look through the places of modules for what is installed, and for nothing else.
INSTALLED = frozenset({"importlib.metadata", "importlib_metadata"})
# Libraries ask these what the machine is like, and no answer comes of it.
PROGRAMS = frozenset({"lscpu", "uname", "fc-list", "ldconfig", "sysctl"})
# They end workers and close files of their own when Python ends.
ENDINGS = frozenset("IPython ipykernel joblib multiprocessing concurrent logging tqdm matplotlib".split())
# Their workers execute what an installed library gives them; what the user gives them is another matter.
WORKERS = frozenset("joblib multiprocessing concurrent".split())
