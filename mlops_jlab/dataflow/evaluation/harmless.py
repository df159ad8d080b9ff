"""What is known to touch nothing but its own object and arguments: no file, no setting, no generator.

Two steps run at once only where everything that they call stands here. The tests hold the table of
scikit-learn's estimators against the installed library.
"""

from __future__ import annotations

import builtins
import sys

# Packages whose import changes nothing that another step could notice.
_PACKAGES = frozenset(
    {"numpy", "pandas", "scipy", "sklearn", "xgboost", "lightgbm", "matplotlib", "seaborn", "__future__"}
)
_NOISY = frozenset({"antigravity", "this", "readline", "rlcompleter", "tkinter", "turtle", "idlelib"})


def imports_quietly(module: str) -> bool:
    """Whether importing the module runs no code that others could notice."""
    root = module.partition(".")[0]
    return root in _PACKAGES or (root in sys.stdlib_module_names and root not in _NOISY)


_BUILTINS = frozenset(
    """abs all any ascii bin bool bytes callable chr complex dict display divmod enumerate filter float
    format frozenset hasattr hash hex id int isinstance issubclass len list map max min oct ord pow print
    range repr reversed round set slice sorted str sum tuple type zip""".split()
) | {n for n, v in vars(builtins).items() if isinstance(v, type) and issubclass(v, BaseException)}

_NUMPY = frozenset(
    """abs absolute add all allclose amax amin angle any append arange arccos arcsin arctan arctan2
    argmax argmin argsort argwhere around array array_equal array_split asarray atleast_1d atleast_2d
    average bincount bool_ broadcast_to c_ cbrt ceil clip column_stack concatenate convolve copy
    corrcoef cos cosh count_nonzero cov cross cumprod cumsum deg2rad diag diff digitize divide dot e
    einsum empty equal exp exp2 expand_dims expm1 eye fabs flatnonzero flip float16 float32 float64
    floor floor_divide full full_like gradient greater histogram hstack hypot identity inf inner
    int16 int32 int64 int8 interp intersect1d isclose isfinite isin isinf isnan less linspace log
    log10 log1p log2 logical_and logical_not logical_or logspace matmul max maximum mean median
    meshgrid min minimum mod multiply nan nan_to_num nanmax nanmean nanmedian nanmin nanpercentile
    nanstd nansum ndarray ndim negative newaxis nonzero ones ones_like outer pad percentile pi
    polyfit polyval power prod quantile r_ rad2deg radians ravel reciprocal repeat reshape rint roll
    rot90 round searchsorted setdiff1d shape sign sin sinh size sort split sqrt square squeeze stack
    std subtract sum swapaxes take tan tanh tile trace transpose trapezoid tril triu true_divide
    uint16 uint32 uint64 uint8 union1d unique var vdot vstack where zeros zeros_like
    linalg.norm linalg.inv linalg.pinv linalg.solve linalg.det linalg.eig linalg.eigh linalg.svd
    linalg.lstsq linalg.qr linalg.cholesky linalg.matrix_rank fft.fft fft.ifft fft.rfft fft.fftfreq
    ma.masked_where random.default_rng""".split()
)
_PANDAS = frozenset(
    """Categorical CategoricalDtype DataFrame DateOffset Index Interval MultiIndex NA NaT NamedAgg
    Series Timedelta Timestamp bdate_range concat crosstab cut date_range factorize get_dummies isna
    isnull melt merge merge_asof notna notnull period_range pivot pivot_table qcut timedelta_range
    to_datetime to_numeric to_timedelta unique wide_to_long DataFrame.from_dict DataFrame.from_records
    MultiIndex.from_tuples MultiIndex.from_product MultiIndex.from_arrays""".split()
)
_SKLEARN = frozenset(
    """accuracy_score adjusted_rand_score auc average_precision_score balanced_accuracy_score
    brier_score_loss calinski_harabasz_score classification_report cohen_kappa_score
    completeness_score confusion_matrix cosine_similarity d2_absolute_error_score
    davies_bouldin_score det_curve euclidean_distances explained_variance_score f1_score fbeta_score
    fowlkes_mallows_score hamming_loss hinge_loss homogeneity_score jaccard_score log_loss
    matthews_corrcoef max_error mean_absolute_error mean_absolute_percentage_error
    mean_gamma_deviance mean_pinball_loss mean_poisson_deviance mean_squared_error
    mean_squared_log_error median_absolute_error multilabel_confusion_matrix mutual_info_score ndcg_score
    normalized_mutual_info_score pairwise_distances precision_recall_curve
    precision_recall_fscore_support precision_score r2_score rand_score recall_score roc_auc_score
    roc_curve root_mean_squared_error root_mean_squared_log_error silhouette_samples
    top_k_accuracy_score v_measure_score zero_one_loss
    cross_val_predict cross_val_score cross_validate clone binarize label_binarize minmax_scale
    normalize scale f_classif f_regression chi2 load_breast_cancer load_diabetes load_digits load_iris
    load_linnerud load_wine KFold StratifiedKFold GroupKFold TimeSeriesSplit LeaveOneOut
    compute_class_weight compute_sample_weight""".split()
)
_STANDARD = {
    "math": None,
    "operator": frozenset(
        "add attrgetter eq floordiv ge gt itemgetter le lt mod mul ne neg sub truediv".split()
    ),
    "statistics": None,
    "string": None,
    "itertools": None,
    "re": frozenset("compile findall fullmatch match search split sub finditer escape".split()),
    "json": frozenset({"dumps", "loads"}),
    "collections": frozenset("Counter OrderedDict defaultdict deque".split()),
    "datetime": frozenset(
        """date datetime time timedelta timezone datetime.date datetime.datetime datetime.timedelta
        datetime.strptime datetime.datetime.strptime""".split()
    ),
    "copy": frozenset({"copy", "deepcopy"}),
    "time": frozenset("time perf_counter monotonic process_time".split()),
    "textwrap": frozenset({"dedent", "indent", "shorten", "wrap", "fill"}),
    "pprint": frozenset({"pformat"}),
    "decimal": frozenset({"Decimal"}),
    "fractions": frozenset({"Fraction"}),
    "scipy": frozenset(
        """stats.ttest_ind stats.ttest_rel stats.ttest_1samp stats.pearsonr stats.spearmanr
        stats.kendalltau stats.chi2_contingency stats.mannwhitneyu stats.ks_2samp stats.shapiro
        stats.f_oneway stats.zscore stats.skew stats.kurtosis stats.linregress special.expit
        stats.iqr sparse.csr_matrix sparse.hstack sparse.vstack spatial.distance.cdist""".split()
    ),
    "numpy": _NUMPY,
    "pandas": _PANDAS,
}

# Estimators that draw from no generator, those that draw from the one they are given, and those
# that do what the estimators in them do.
QUIET_ESTIMATORS = frozenset(
    """AdditiveChi2Sampler AgglomerativeClustering ARDRegression BayesianRidge BernoulliNB Binarizer
    Birch CategoricalNB ComplementNB CountVectorizer DBSCAN DummyRegressor EmpiricalCovariance
    FeatureAgglomeration FeatureHasher GaussianNB GenericUnivariateSelect HashingVectorizer
    HuberRegressor IncrementalPCA Isomap IsotonicRegression KNNImputer KNeighborsClassifier
    KNeighborsRegressor KernelDensity KernelRidge LabelEncoder LabelBinarizer LassoLarsIC
    LinearDiscriminantAnalysis LinearRegression LocalOutlierFactor LogisticRegression MaxAbsScaler
    MinMaxScaler MissingIndicator MultinomialNB NearestCentroid NearestNeighbors Normalizer
    OneHotEncoder OrdinalEncoder OrthogonalMatchingPursuit PLSRegression PoissonRegressor
    PolynomialFeatures PowerTransformer QuadraticDiscriminantAnalysis QuantileRegressor
    RadiusNeighborsClassifier RadiusNeighborsRegressor Ridge RidgeCV RidgeClassifier
    RidgeClassifierCV RobustScaler SelectFdr SelectFpr SelectFwe SelectKBest SelectPercentile
    SimpleImputer SplineTransformer StandardScaler TfidfTransformer TfidfVectorizer TweedieRegressor
    VarianceThreshold""".split()
)
# Without a random_state these keywords may make a quiet estimator draw.
_MAY_DRAW = frozenset({"solver"})
_QUIET_SOLVERS = frozenset({"lbfgs", "newton-cg", "newton-cholesky", "cholesky", "svd", "lsqr", "auto"})
SEEDED_ESTIMATORS = frozenset(
    """AdaBoostClassifier AdaBoostRegressor BayesianGaussianMixture DecisionTreeClassifier
    DecisionTreeRegressor DummyClassifier ElasticNet ElasticNetCV ExtraTreeClassifier
    ExtraTreeRegressor ExtraTreesClassifier ExtraTreesRegressor FactorAnalysis FastICA
    GaussianMixture GaussianProcessClassifier GaussianProcessRegressor GradientBoostingClassifier
    GradientBoostingRegressor HistGradientBoostingClassifier HistGradientBoostingRegressor
    IsolationForest KBinsDiscretizer KMeans KernelPCA Lasso LassoCV LatentDirichletAllocation
    LinearSVC LinearSVR LogisticRegression LogisticRegressionCV MLPClassifier MLPRegressor
    MiniBatchKMeans NMF NuSVC PCA Perceptron QuantileTransformer RandomForestClassifier
    RandomForestRegressor Ridge RidgeClassifier SGDClassifier SGDRegressor SVC TSNE
    TruncatedSVD""".split()
)
COMPOSITES = frozenset(
    """ColumnTransformer FeatureUnion MultiOutputClassifier MultiOutputRegressor OneVsOneClassifier
    OneVsRestClassifier Pipeline RFE RFECV SelectFromModel SequentialFeatureSelector
    StackingClassifier StackingRegressor TransformedTargetRegressor VotingClassifier VotingRegressor
    make_column_transformer make_pipeline make_union""".split()
)
_SEEDED_FUNCTIONS = frozenset(
    """train_test_split shuffle resample make_blobs make_circles make_classification make_friedman1
    make_moons make_regression permutation_importance ShuffleSplit StratifiedShuffleSplit
    GroupShuffleSplit""".split()
)
_BOOSTERS = frozenset(
    {"xgboost.XGBClassifier", "xgboost.XGBRegressor", "lightgbm.LGBMClassifier",
     "lightgbm.LGBMRegressor"}
)  # fmt: skip
READS_FILES = frozenset(
    {f"pandas.read_{kind}" for kind in ("csv", "parquet", "json", "excel", "feather", "table", "fwf", "hdf")}
    | {"numpy.load", "numpy.loadtxt", "numpy.genfromtxt"}
)


def is_model(full: str) -> bool:
    """Whether the name stands for something that is fitted."""
    last = full.rpartition(".")[2]
    known = QUIET_ESTIMATORS | SEEDED_ESTIMATORS | COMPOSITES
    return full in _BOOSTERS or (full.startswith("sklearn.") and last in known)


def touches_nothing(full: str, *, seeded: bool = False, solver: str | None = None) -> bool:
    """Whether calling ``full`` looks at, and changes, its arguments alone at the most.

    ``seeded`` says that a number is given as its random_state; ``solver`` is what is given as its
    solver, and is empty where that is not known.
    """
    root, _, rest = full.partition(".")
    if root == "builtins":
        return rest in _BUILTINS
    if root == "sklearn":
        last = full.rpartition(".")[2]
        if last in SEEDED_ESTIMATORS | _SEEDED_FUNCTIONS and seeded:
            return True
        quiet = solver is None or solver in _QUIET_SOLVERS
        return (last in QUIET_ESTIMATORS and quiet) or last in _SKLEARN | COMPOSITES
    return full in _BOOSTERS or is_thing(full)


def is_thing(full: str) -> bool:
    """Whether ``full`` may be handed to others, as a function, a type or a constant."""
    root, _, rest = full.partition(".")
    if root == "builtins":
        return rest in _BUILTINS
    if root == "sklearn":
        return full.rpartition(".")[2] in _SKLEARN
    allowed = _STANDARD.get(root, frozenset())
    return bool(rest) and (allowed is None or rest in allowed)


# Functions whose result is, or holds, what they are given.
_KEEPING = frozenset(
    """dict enumerate filter finditer frozenset iter list map max min reversed set sorted tuple zip type
    asarray array atleast_1d atleast_2d broadcast_to diag expand_dims ravel reshape rot90 flip
    squeeze swapaxes transpose split array_split meshgrid DataFrame Series Index Categorical copy
    OrderedDict Counter defaultdict deque merge concat""".split()
)


def keeps_arguments(full: str) -> bool:
    """Whether the result of calling ``full`` may share objects with the arguments."""
    return full.rpartition(".")[2] in _KEEPING or full.startswith("itertools.") or is_model(full)


_WRAPPING = frozenset(
    """dict enumerate filter frozenset list map reversed set sorted tuple zip OrderedDict Counter
    defaultdict deque concat""".split()
)
_ITERATORS = frozenset("enumerate filter iter map reversed zip finditer".split())


def wraps(full: str) -> bool:
    """Whether the result is something new that holds the arguments, and never one of them."""
    return full.rpartition(".")[2] in _WRAPPING or full.startswith("itertools.") or is_model(full)


def is_iterator(full: str) -> bool:
    """Whether going through the result uses it up."""
    return full.rpartition(".")[2] in _ITERATORS or full.startswith("itertools.")


# Methods of plain values that leave them alone, and those among them that give something new.
NEW_METHODS = frozenset(
    """abs add all any argmax argmin argsort astype autocorr between copy corr corrwith count cov cummax
    cummin cumprod cumsum describe diff div divide dropna drop_duplicates dot duplicated endswith eq
    ewm fillna find floordiv format ge get_params groupby gt idxmax idxmin info interpolate isalpha
    isalnum isdigit isin isna isnull isnumeric isupper islower item join kurt kurtosis le lower lstrip lt
    mad max mean median memory_usage min mod mode mul multiply ne nlargest notna notnull nsmallest nunique
    pct_change pow prod product quantile rank replace removeprefix removesuffix round rsplit rstrip
    searchsorted sem shift size skew splitlines startswith std strip strftime sub subtract sum swapcase
    title to_dict to_list to_numpy_copy tolist total_seconds truediv upper value_counts var zfill
    predict predict_proba predict_log_proba decision_function score score_samples transform
    inverse_transform get_feature_names_out kneighbors staged_predict staged_predict_proba
    encode decode format isoformat weekday timestamp hexdigest center count casefold capitalize
    most_common index get_support get_depth get_n_leaves toarray todense""".split()
)
SAME_METHODS = frozenset(
    """agg aggregate apply applymap assign at bfill clip combine_first crosstab cut drop droplevel
    expanding explode ffill filter first flatten get get_group head infer_objects items itertuples
    iterrows keys last map mask melt merge nonzero pipe pivot pivot_table ravel reindex rename
    rename_axis resample reset_index reshape rolling select_dtypes set_axis set_index sort_index
    sort_values split squeeze stack swapaxes swaplevel tail take to_frame to_numpy transpose tz_convert
    tz_localize unique unstack values where xs normalize to_period to_timestamp partition rpartition
    union intersection difference""".split()
)
# Methods that change the object that they are called on and what it is made of, and nothing else.
FITTING = frozenset({"fit", "fit_transform", "fit_predict", "partial_fit"})
CHANGING = frozenset(
    """append extend insert pop popitem remove clear update sort reverse add discard setdefault
    appendleft popleft extendleft
    normal uniform integers random choice permutation standard_normal shuffle""".split()
)
FILE_METHODS = frozenset(
    """to_csv to_parquet to_json to_pickle to_excel to_feather to_hdf to_html to_sql to_latex
    save_model""".split()
)
SETTABLE = frozenset({"columns", "index", "name", "names", "shape"})
METHODS = NEW_METHODS | SAME_METHODS | FITTING | CHANGING | FILE_METHODS
ITERATING = frozenset(
    {"items", "iterrows", "itertuples", "split", "staged_predict", "staged_predict_proba", "finditer"}
)
# What calls the functions that it is given before it comes back, and does not keep them.
CALLS_AT_ONCE = frozenset(
    "sorted min max apply applymap transform agg aggregate pipe assign sort sort_values sub".split()
)
