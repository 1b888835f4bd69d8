"""How each library is asked to fit a problem: its solvers, its settings, what it returns.

Each function gets the features in the type that it was given by `prepared` (not timed) and
returns (coef, intercept) of the model whose objective `benchmarks._problems` defines (timed,
from the call to the coefficients).  LADDERS are the tolerances, loose to tight, from which the
loosest is taken that reaches the gap asked for.

Traps:

    liblinear      penalises the intercept; `-B 1 -R` (primal) leaves it free.  Its dual solver and
                   both of scikit-learn's have no such option: an intercept column of 30 comes
                   near the same optimum, in 5 to 25 times the time of the primal (tried on
                   bibtex and clinc150), so they are not here.
    cyanure        divides the objective by n; its "auto" is one of its solvers by name.  In
                   float32 it often stops short of 1e-4, so it gets float64 too.
    sklearnex      falls back to scikit-learn in silence on sparse input: not offered that.
    two classes    one column in all of them, except torch's softmax (not used on two).
"""

import warnings

import numpy as np
import scipy.sparse as sp

from benchmarks._worker import THREADS

MOST_STEPS = 20_000
LADDERS = {
    "lbfgs": (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 1e-7),
    "newton-cg": (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6, 1e-7),
    "newton-cholesky": (1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
    "primal": (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 1e-4, 1e-5, 1e-6),
    "strong wolfe": (1e-3, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7, 1e-8),
}
CYANURE_LADDER = (1e-3, 1e-4, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7)


def ladder(peer, solver):
    """Return the tolerances of a solver, loose to tight."""
    return CYANURE_LADDER if peer == "cyanure" else LADDERS[solver]


def prepared(problem, peer, dtype="float32", sparse=None):
    """Return the features as the contestant likes them best; this is not timed."""
    X = problem.X
    if sparse is False and sp.issparse(X):
        X = X.toarray()
    elif (sparse or peer == "liblinear") and not sp.issparse(X):
        X = sp.csr_matrix(X)
    X = X if X.dtype == dtype else X.astype(dtype)
    if peer == "liblinear":
        from liblinear.liblinearutil import problem as rows_of

        # Its own format: the conversion takes longer than some fits, and could be done once.
        return rows_of(problem.y if problem.y.ndim == 1 else problem.y[:, 0], X, 1)
    return X


def headway(X, problem, tol, **_):
    from headway import LinearClassifier

    model = LinearClassifier(head=problem.head, C=problem.C, tol=tol).fit(X, problem.y)
    return model.coef_, model.intercept_


def scikit_learn(X, problem, tol, solver="lbfgs", **_):
    from sklearn.linear_model import LogisticRegression

    return _logistic_regression(LogisticRegression, X, problem, tol, solver)


def scikit_learn_intelex(X, problem, tol, solver="lbfgs", **_):
    from sklearnex.linear_model import LogisticRegression

    return _logistic_regression(LogisticRegression, X, problem, tol, solver)


def _logistic_regression(kind, X, problem, tol, solver):
    from sklearn.multiclass import OneVsRestClassifier

    model = kind(C=problem.C, tol=tol, solver=solver, max_iter=MOST_STEPS)
    if problem.head == "softmax":
        model.fit(X, problem.y)
        return model.coef_, model.intercept_
    model = OneVsRestClassifier(model, n_jobs=THREADS).fit(X, problem.y)
    coef = np.concatenate([each.coef_ for each in model.estimators_])
    return coef, np.concatenate([each.intercept_ for each in model.estimators_])


def cyanure(X, problem, tol, solver="auto", **_):
    from cyanure.estimators import Classifier

    def fit(y, multi_class):
        model = Classifier(
            loss="logistic",
            penalty="l2",
            lambda_1=1 / (problem.C * X.shape[0]),
            fit_intercept=True,
            solver=solver,
            tol=tol,
            max_iter=MOST_STEPS,
            verbose=False,
            n_threads=THREADS,
            multi_class=multi_class,
        ).fit(X, y)
        return np.reshape(model.coef_, (X.shape[1], -1)).T, np.reshape(model.intercept_, -1)

    if problem.y.ndim == 1:
        return fit(problem.y, "multinomial" if problem.head == "softmax" else "ovr")
    columns = [fit(labels, "auto") for labels in problem.y.T]
    return tuple(np.concatenate(part) for part in zip(*columns, strict=True))


def liblinear(rows, problem, tol, **_):
    from liblinear.liblinearutil import parameter, train

    options = parameter(f"-s 0 -R -B 1 -c {problem.C} -e {tol} -q")
    d = problem.X.shape[1]
    if problem.y.ndim == 1:
        return _liblinear_weights(train(rows, options), d)
    parts = []
    for y in np.ascontiguousarray(problem.y.T, dtype=np.float64):
        np.ctypeslib.as_array(rows.y, (len(y),))[:] = y
        parts.append(_liblinear_weights(train(rows, options), d))
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _liblinear_weights(model, d):
    columns = 1 if model.nr_class == 2 else model.nr_class
    weights = np.ctypeslib.as_array(model.w, ((d + 1) * columns,)).reshape(d + 1, columns).T
    names = [model.label[place] for place in range(model.nr_class)]
    weights = weights * (1 if names[0] == 1 else -1) if columns == 1 else weights[np.argsort(names)]
    return weights[:, :-1].copy(), weights[:, -1].copy()


def torch_lbfgs(X, problem, tol, solver="strong wolfe", **_):
    import torch

    features, y = torch.from_numpy(X), torch.from_numpy(problem.y)
    n, K = len(y), problem.K
    columns = 1 if K == 2 else K
    coef = torch.zeros(columns, X.shape[1], dtype=features.dtype, requires_grad=True)
    intercept = torch.zeros(columns, dtype=features.dtype, requires_grad=True)
    steps = torch.optim.LBFGS(
        [coef, intercept],
        max_iter=MOST_STEPS,
        tolerance_grad=tol,
        tolerance_change=0,
        history_size=20,
        line_search_fn="strong_wolfe",
    )
    signs = y.to(features.dtype)[:, None]

    def closure():
        steps.zero_grad()
        logits = torch.nn.functional.linear(features, coef, intercept)
        if columns == 1:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, signs)
        else:
            loss = torch.nn.functional.cross_entropy(logits, y)
        total = loss + coef.square().sum() / (2 * problem.C * n)
        total.backward()
        return total

    steps.step(closure)
    return coef.detach().numpy(), intercept.detach().numpy()


FITS = {
    "headway": headway,
    "scikit-learn": scikit_learn,
    "scikit-learn-intelex": scikit_learn_intelex,
    "cyanure": cyanure,
    "liblinear": liblinear,
    "torch LBFGS": torch_lbfgs,
}


def fit(peer, X, problem, settings):
    """Return (coef, intercept) by this peer; its warnings about convergence are no news."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return FITS[peer](X, problem, **settings)
