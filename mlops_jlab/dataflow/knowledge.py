"""What is known about other people's functions: which change their receiver, their arguments,
or something outside variables. What is not known here is watched while the step runs."""

from __future__ import annotations

import re

# Methods that leave the object they are called on as it was.
PURE = frozenset(
    """abs agg aggregate align all any apply applymap argmax argmin argsort asfreq asof assign
    astype at_time autocorr backfill between between_time bfill bool clip combine combine_first
    compare copy corr corrwith count cov crosstab cummax cummin cumprod cumsum cut decision_function
    describe diff difference dot drop drop_duplicates droplevel dropna duplicated endswith eq equals
    ewm expanding explode ffill fillna filter find first first_valid_index flatten floordiv format
    from_dict from_records ge get get_group get_params get_feature_names_out groupby gt head hist
    idxmax idxmin index infer_objects info interpolate intersection isalpha isdigit isdisjoint
    isin isna isnull isnumeric issubset issuperset item items iteritems iterrows itertuples join
    keys kurt kurtosis last le ljust lower lstrip lt map mask max mean median melt memory_usage
    merge min mod mode mul ne nlargest notna notnull nsmallest nunique partition pct_change 
    pivot pivot_table plot pow predict predict_log_proba predict_proba prod product quantile
    radd rank ravel reindex removeprefix removesuffix rename rename_axis repeat replace resample
    reset_index reshape rfind rjust rolling round rpartition rsplit rstrip sample score
    score_samples eval query select_dtypes sem set_axis set_index shift skew sort_index sort_values split
    splitlines squeeze stack startswith std strip sub sum swapaxes swapcase swaplevel tail take
    title to_clipboard to_csv to_dict to_excel to_feather to_frame to_html to_json to_latex
    to_list to_markdown to_numpy to_parquet to_period to_pickle to_records to_sql to_string
    to_timestamp tolist total_seconds transform translate transpose truncate tz_convert
    tz_localize union unique unstack upper value_counts values var view where xs zfill
    strftime isoformat date time weekday timestamp encode decode hex casefold center
    inverse_transform staged_predict staged_predict_proba kneighbors apply_along_axis
    trace diagonal nonzero searchsorted conj tobytes byteswap as_posix exists is_file
    is_dir iterdir glob rglob joinpath resolve relative_to with_suffix with_name read_text
    read_bytes stat as_integer_ratio bit_length most_common elements total isocalendar
    day_name month_name normalize ceil floor iat iloc loc at 
    __len__ __getitem__ __contains__ __iter__ _repr_html_ savefig get_figure 
    get_support get_depth get_n_leaves to_dense toarray todense tocsr tocsc
    getnnz multiply power bit_count sha256 hexdigest digest""".split()
)

# Functions that change one of their arguments: the full name → the place of the argument.
ARGUMENT_CHANGED = {
    "random.shuffle": 0, "numpy.random.shuffle": 0, "heapq.heappush": 0, "heapq.heappop": 0,
    "heapq.heapify": 0, "heapq.heapreplace": 0, "heapq.heappushpop": 0, "bisect.insort": 0,
    "bisect.insort_left": 0, "bisect.insort_right": 0, "numpy.put": 0, "numpy.copyto": 0,
    "numpy.fill_diagonal": 0, "numpy.place": 0, "numpy.putmask": 0, "operator.setitem": 0,
    "operator.delitem": 0, "operator.iadd": 0, "operator.iconcat": 0, "numpy.add.at": 0,
    "numpy.subtract.at": 0, "numpy.multiply.at": 0, "numpy.ndarray.sort": 0,
}  # fmt: skip
BUILTIN_ARGUMENT_CHANGED = {"setattr": 0, "delattr": 0, "next": 0}

# Drawing from, seeding or changing what lies outside variables.
_NOT_GLOBAL = {
    "numpy.random": {"default_rng", "Generator", "RandomState", "SeedSequence", "PCG64", "MT19937",
                     "Philox", "SFC64", "PCG64DXSM", "BitGenerator", "get_state"},
    "random": {"Random", "SystemRandom", "getstate"},
    "torch": set(),
}  # fmt: skip
_SEEDING = {
    "numpy.random.seed": "~numpy.random", "numpy.random.set_state": "~numpy.random",
    "numpy.random.set_bit_generator": "~numpy.random",
    "random.seed": "~random", "random.setstate": "~random", "torch.manual_seed": "~torch.random",
    "torch.random.manual_seed": "~torch.random",
}  # fmt: skip
_CHANGES = {
    "pandas.set_option": "~pandas", "pandas.reset_option": "~pandas", "pandas.options": "~pandas",
    "matplotlib.rcParams": "~matplotlib", "matplotlib.pyplot.rcParams": "~matplotlib",
    "matplotlib.rc": "~matplotlib", "matplotlib.pyplot.rc": "~matplotlib",
    "matplotlib.rcdefaults": "~matplotlib", "matplotlib.pyplot.rcdefaults": "~matplotlib",
    "matplotlib.style.use": "~matplotlib", "matplotlib.pyplot.style.use": "~matplotlib",
    "matplotlib.use": "~matplotlib", "seaborn.set": "~matplotlib",
    "seaborn.set_theme": "~matplotlib", "seaborn.set_style": "~matplotlib",
    "seaborn.set_context": "~matplotlib", "seaborn.set_palette": "~matplotlib",
    "warnings.filterwarnings": "~warnings", "warnings.simplefilter": "~warnings",
    "warnings.resetwarnings": "~warnings", "warnings.filters": "~warnings",
    "os.environ": "~environ", "os.putenv": "~environ", "os.unsetenv": "~environ",
    "os.chdir": "~directory", "sys.path": "~path", "locale.setlocale": "~locale",
    "numpy.set_printoptions": "~numpy", "numpy.seterr": "~numpy",
    "numpy.setbufsize": "~numpy",
    "decimal.getcontext": "~decimal", "decimal.setcontext": "~decimal",
    "sklearn.set_config": "~sklearn",
}  # fmt: skip
GENERATORS = ("~random", "~numpy.random", "~torch.random")
SETTINGS = tuple(dict.fromkeys(_CHANGES.values()))
# Context managers that put a setting back when they end.
SCOPED = {
    "warnings.catch_warnings": "~warnings", "pandas.option_context": "~pandas",
    "matplotlib.rc_context": "~matplotlib", "matplotlib.pyplot.rc_context": "~matplotlib",
    "matplotlib.style.context": "~matplotlib", "matplotlib.pyplot.style.context": "~matplotlib",
    "numpy.printoptions": "~numpy", "numpy.errstate": "~numpy",
    "decimal.localcontext": "~decimal", "sklearn.config_context": "~sklearn",
    "contextlib.chdir": "~directory",
}  # fmt: skip
# scikit-learn draws from numpy's global generator where no random_state is given.
_SKLEARN_DRAWS = frozenset(
    """train_test_split shuffle resample ShuffleSplit StratifiedShuffleSplit GroupShuffleSplit
    make_classification make_regression make_blobs make_moons make_circles make_friedman1
    RandomForestClassifier RandomForestRegressor ExtraTreesClassifier ExtraTreesRegressor
    GradientBoostingClassifier GradientBoostingRegressor HistGradientBoostingClassifier
    HistGradientBoostingRegressor AdaBoostClassifier AdaBoostRegressor BaggingClassifier
    BaggingRegressor DecisionTreeClassifier DecisionTreeRegressor SGDClassifier SGDRegressor
    MLPClassifier MLPRegressor KMeans MiniBatchKMeans RandomizedSearchCV IsolationForest
    permutation_importance TSNE NMF GaussianMixture Perceptron LinearSVC TruncatedSVD""".split()
)


def draws(name: str, given_state: bool) -> str:
    """The hidden generator that a call of ``name`` draws from, or nothing."""
    for module, excepted in _NOT_GLOBAL.items():
        rest = name.removeprefix(f"{module}.")
        if module != "torch" and rest != name and rest.split(".")[0] not in excepted:
            return f"~{module}"
    if name in ("torch.rand", "torch.randn", "torch.randint", "torch.randperm"):
        return "~torch.random"
    if name.startswith("sklearn.") and name.rsplit(".", 1)[-1] in _SKLEARN_DRAWS and not given_state:
        return "~numpy.random"
    return ""


def seeds(name: str) -> str:
    """The hidden generator that a call of ``name`` seeds, or nothing."""
    return _SEEDING.get(name, "")


def changes_setting(name: str) -> str:
    """The hidden variable that calling or assigning ``name`` changes, or nothing."""
    while name:
        if name in _CHANGES:
            return _CHANGES[name]
        name = name.rpartition(".")[0]
    return ""


# What calls are named that tell a library something for good: by a word in the last part of the name.
_TELLS = frozenset(
    """set reset register unregister enable disable config configure initialize use install activate
    deactivate autolog pandas extension printing""".split()
)
_ASKS = frozenset("get is has list show print describe check load read find make create".split())
_FILLS = frozenset("append extend insert add remove discard pop clear update setdefault".split())
# Whose settings are hidden variables, or are looked at while a step runs; or which have none.
_TOLD_OTHERWISE = frozenset(
    """os sys random time signal gc socket threading atexit codecs logging warnings locale decimal builtins
    numpy seaborn IPython ipywidgets mlops_jlab unittest pytest subprocess shutil multiprocessing
    asyncio""".split()
)
_SETS = re.compile(r"set(?!t|up)[a-z]+$")  # seterr, setfirstweekday
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def tells(name: str) -> bool:
    """Whether a call of ``name``, whose result nobody takes, tells a library something for good.

    ``optuna.logging.set_verbosity`` does, ``tqdm.tqdm.pandas``, and ``nltk.data.path.append``.
    """
    first, *_, last = parts = name.split(".")
    if len(parts) < 2 or seeds(name) or changes_setting(name) or "seed" in last:
        return False
    if (len(parts) > 2 and last in _FILLS) or name == "numpy.seterrcall":
        return True
    if first in _TOLD_OTHERWISE or name.startswith("matplotlib.pyplot."):
        return False
    words = [word.lower() for word in _WORDS.findall(last)]
    if _SETS.match(last):
        return True
    return bool(words) and words[0] not in _ASKS and not _TELLS.isdisjoint(words)


# Calls that write or read a file whose name is their first (or second) argument.
WRITES_FILE = {
    "to_csv": 0, "to_parquet": 0, "to_json": 0, "to_pickle": 0, "to_excel": 0, "to_feather": 0,
    "to_hdf": 0, "to_stata": 0, "to_html": 0, "savefig": 0, "save": 0, "savez": 0, "savetxt": 0,
    "savez_compressed": 0, "dump": 1, "imsave": 0, "save_model": 0, "remove": 0, "unlink": 0,
}  # fmt: skip
READS_FILE = {
    "read_csv": 0, "read_parquet": 0, "read_json": 0, "read_pickle": 0, "read_excel": 0,
    "read_feather": 0, "read_hdf": 0, "read_table": 0, "read_fwf": 0, "load": 0, "loadtxt": 0,
    "genfromtxt": 0, "imread": 0, "load_model": 0,
}  # fmt: skip
SHELL = ("subprocess.", "os.system", "os.popen", "shutil.")
# Calls whose result cannot leave the process it was made in.
STAYS = {
    "open": "an open file", "sqlite3.connect": "a database connection",
    "socket.socket": "a socket", "multiprocessing.Pool": "a pool of processes",
    "concurrent.futures.ThreadPoolExecutor": "a pool of threads",
}  # fmt: skip
# Calls that make a class or type under the name they are assigned to: they travel as source.
MAKES_TYPE = frozenset(
    {"collections.namedtuple", "typing.NamedTuple", "typing.TypedDict", "typing.NewType",
     "typing.TypeVar", "enum.Enum", "enum.IntEnum", "dataclasses.make_dataclass"}
)  # fmt: skip
